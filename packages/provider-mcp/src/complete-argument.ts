import {
  CapstanError,
  type Completion,
  type CompletionRequest,
  type JsonObject,
  type JsonValue,
} from '@capstan/provider';
import type { CallContext } from './call-context.ts';
import { isJsonObject } from './is-record.ts';
import type { McpOperation } from './mcp-operation.ts';
import type { McpSession } from './mcp-session.ts';
import { MalformedResult, RpcError } from './wire/wire-errors.ts';

const methodNotFound = -32601;
const nothing: Completion = { values: [] };

/** What `completion/complete` can be asked about. Throws `NOT_SUPPORTED` for a tool: the protocol completes prompts and resources only. */
export function completionReference(operation: McpOperation, capability: string): JsonObject {
  switch (operation.kind) {
    case 'prompt':
      return { type: 'ref/prompt', name: operation.name };
    case 'resource':
      return { type: 'ref/resource', uri: operation.uri };
    case 'resource-template':
      return { type: 'ref/resource', uri: operation.template };
    case 'tool':
      throw new CapstanError(
        'NOT_SUPPORTED',
        `${capability} is a tool; MCP servers suggest values for arguments of prompts and resource templates only.`,
        { details: { capability } },
      );
  }
}

/** Asks the server for values (2025-11-25 and 2026-07-28, "Completion"). One that does not complete has none. */
export async function completeArgument(
  { connection: { peer, serverCapabilities, era } }: McpSession,
  reference: JsonObject,
  { argument, context, signal }: CompletionRequest,
  call: { readonly context: CallContext; readonly timeoutMs: number; readonly maxBytes: number },
): Promise<Completion> {
  // Without a handshake nothing is known of a legacy server; it is asked then.
  const isKnown = era === 'modern' || Object.keys(serverCapabilities).length > 0;
  if (isKnown && serverCapabilities['completions'] === undefined) return nothing;
  const params = {
    ref: reference,
    argument: { ...argument },
    ...(context === undefined ? {} : { context: { arguments: { ...context } } }),
  };
  try {
    return read(await peer.request('completion/complete', params, { ...call, signal }));
  } catch (error) {
    if (error instanceof RpcError && error.code === methodNotFound) return nothing;
    throw error;
  }
}

function read({ completion }: JsonObject): Completion {
  if (completion === undefined || !isJsonObject(completion)) throw new MalformedResult('There is no completion in it.');
  const { values, total, hasMore } = completion;
  if (!Array.isArray(values)) throw new MalformedResult('The completion has no values.');
  return {
    values: values.filter((value: JsonValue) => typeof value === 'string'),
    ...(typeof total === 'number' ? { total } : {}),
    ...(typeof hasMore === 'boolean' ? { hasMore } : {}),
  };
}
