import type { JsonObject, JsonValue } from '@capstan/provider';

export type RpcId = string | number;

interface RpcRequest {
  readonly jsonrpc: '2.0';
  readonly id: RpcId;
  readonly method: string;
  readonly params?: JsonObject;
}

interface RpcNotification {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly params?: JsonObject;
}

export interface RpcResponse {
  readonly jsonrpc: '2.0';
  /** Null where a server could not tell which request it refuses. */
  readonly id: RpcId | null;
  readonly result?: JsonValue;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: JsonValue };
}

export type RpcMessage = RpcRequest | RpcNotification | RpcResponse;

/** Whether parsed JSON is one message of JSON-RPC 2.0. */
export function isRpcMessage(value: unknown): value is RpcMessage {
  if (typeof value !== 'object' || value === null || !('jsonrpc' in value) || value.jsonrpc !== '2.0') return false;
  if ('method' in value) return typeof value.method === 'string';
  if (!('id' in value)) return false;
  return 'result' in value || ('error' in value && isErrorObject(value.error));
}

/** The answer to `id`, and not a request with the same id from the other side. */
export function isResponseTo(message: RpcMessage, id: RpcId): message is RpcResponse {
  return 'id' in message && message.id === id && !('method' in message);
}

function isErrorObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'number';
}
