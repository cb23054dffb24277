import type { JsonValue } from '@capstan/provider';
import { isRecord } from '../is-record.ts';

export type RpcId = string | number;

interface RpcRequest {
  readonly jsonrpc: '2.0';
  readonly id: RpcId;
  readonly method: string;
  /** From the other side: whatever it put there. */
  readonly params?: JsonValue;
}

interface RpcNotification {
  readonly jsonrpc: '2.0';
  readonly method: string;
  /** From the other side: whatever it put there. */
  readonly params?: JsonValue;
}

export interface RpcResponse {
  readonly jsonrpc: '2.0';
  /** Null where a server could not tell which request it refuses. */
  readonly id: RpcId | null;
  readonly result?: JsonValue;
  /** From the other side: whatever it put there. */
  readonly error?: JsonValue;
}

export type RpcMessage = RpcRequest | RpcNotification | RpcResponse;

/** Whether parsed JSON has the frame of one message of JSON-RPC 2.0. */
export function isRpcMessage(value: unknown): value is RpcMessage {
  if (!isRecord(value) || value['jsonrpc'] !== '2.0') return false;
  const { method, id } = value;
  if ('method' in value) return typeof method === 'string' && (!('id' in value) || isId(id));
  return (isId(id) || id === null) && ('result' in value || 'error' in value);
}

/** The answer to `id`, and not a request with the same id from the other side. Some servers write back numbers as text. */
export function isResponseTo(message: RpcMessage, id: RpcId): message is RpcResponse {
  return !('method' in message) && message.id !== null && String(message.id) === String(id);
}

function isId(value: unknown): value is RpcId {
  return typeof value === 'string' || typeof value === 'number';
}
