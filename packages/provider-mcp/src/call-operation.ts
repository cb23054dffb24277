import {
  ProtocolError,
  type CallToolResult,
  type Client,
  type RequestOptions,
  type Tool,
} from '@modelcontextprotocol/client';
import {
  CapstanError,
  type CallLimits,
  type ContentBlock,
  type Invocation,
  type JsonObject,
  type JsonValue,
  type ProviderResult,
} from '@capstan/provider';
import type { CallContext, CallContexts } from './call-context.ts';
import type { Connection } from './connection.ts';
import { isRecord } from './is-record.ts';
import type { McpOperation } from './mcp-capability.ts';

export interface CallOptions {
  readonly operation: McpOperation;
  readonly invocation: Invocation;
  readonly limits: CallLimits;
  readonly context: CallContext;
  readonly contexts: CallContexts;
}

/** Sends one call and shapes its answer. Rejects with what the SDK or the system threw. */
export async function callOperation(connection: Connection, options: CallOptions): Promise<ProviderResult> {
  const { operation, invocation, context, contexts } = options;
  const { signal } = invocation;
  const controller = new AbortController();
  // Within the call's own context, so that the cancel message carries this caller's credentials, whoever aborts.
  const onAbort = (): void => contexts.run(context, () => controller.abort(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await contexts.run(context, () => send(connection, operation, options, controller.signal));
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function send(
  connection: Connection,
  operation: McpOperation,
  options: CallOptions,
  signal: AbortSignal,
): Promise<ProviderResult> {
  const { client } = connection;
  const { invocation } = options;
  const request = requestOptions(options, signal);
  switch (operation.kind) {
    case 'tool': {
      const given = inputObject(invocation);
      const { idempotencyArgument } = operation;
      const { idempotencyKey } = invocation;
      const key =
        idempotencyArgument === undefined || idempotencyKey === undefined
          ? {}
          : { [idempotencyArgument]: idempotencyKey };
      return toolResult(await callTool(connection, operation.name, { ...key, ...given }, invocation, request));
    }
    case 'prompt': {
      const args = Object.fromEntries(
        Object.entries(inputObject(invocation)).map(([name, value]) => [name, promptArgument(value)]),
      );
      const params = { name: operation.name, arguments: args, ...traceMeta(invocation) };
      const { messages, description } = await client.getPrompt(params, request);
      const output = json({ ...(description === undefined ? {} : { description }), messages });
      return { output, content: blocks(messages.map((message) => message.content)), isError: false };
    }
    case 'resource': {
      // Several callers may share the client, each with rights of his own: nothing is served from its cache.
      const params = { uri: operation.uri, ...traceMeta(invocation) };
      const { contents } = await client.readResource(params, { ...request, cacheMode: 'bypass' });
      const [only] = contents;
      const output = contents.length === 1 && only !== undefined && 'text' in only ? only.text : json(contents);
      return { output, content: blocks(contents.map((resource) => ({ type: 'resource', resource }))), isError: false };
    }
  }
}

const headerMismatch = -32020;
const maxToolDefinitions = 256;

/**
 * Gives the SDK a definition without output schema, so that a schema which it cannot compile, or an answer that does not fit it, breaks no call.
 * A server that checks headers against its definition (SEP-2243) refuses a call without them before it runs; then the definition is fetched, once.
 */
async function callTool(
  { client, toolDefinitions }: Connection,
  name: string,
  args: JsonObject,
  invocation: Invocation,
  request: RequestOptions,
): Promise<CallToolResult> {
  const params = { name, arguments: { ...args }, ...traceMeta(invocation) };
  const declared = { name, inputSchema: { ...invocation.capability.input, type: 'object' as const } };
  try {
    return await client.callTool(params, { ...request, toolDefinition: toolDefinitions.get(name) ?? declared });
  } catch (error) {
    const wantsHeaders = error instanceof ProtocolError && error.code === headerMismatch;
    if (!wantsHeaders || client.getProtocolEra() !== 'modern') throw error;
    const definition = await fetchDefinition(client, name, request).catch(() => undefined);
    if (definition === undefined) throw error;
    if (toolDefinitions.size >= maxToolDefinitions) toolDefinitions.clear();
    toolDefinitions.set(name, definition);
    return client.callTool(params, { ...request, toolDefinition: definition });
  }
}

async function fetchDefinition(
  client: Client,
  name: string,
  { signal, timeout }: RequestOptions,
): Promise<Tool | undefined> {
  const { tools } = await client.listTools(undefined, {
    cacheMode: 'bypass',
    ...(signal === undefined ? {} : { signal }),
    ...(timeout === undefined ? {} : { timeout }),
  });
  const found = tools.find((tool) => tool.name === name);
  if (found === undefined) return undefined;
  const { outputSchema: _, ...definition } = found;
  return definition;
}

/** W3C trace context under the names that the protocol reserves for it in `params._meta` (SEP-414). */
function traceMeta({ trace }: Invocation): { readonly _meta?: Record<string, string> } {
  return trace === undefined ? {} : { _meta: { ...trace } };
}

function requestOptions({ invocation, limits, contexts }: CallOptions, signal: AbortSignal): RequestOptions {
  return {
    signal,
    timeout: Math.min(limits.timeoutMs, limits.maxTotalMs),
    maxTotalTimeout: limits.maxTotalMs,
    // Without a handler the SDK asks for no progress, and then nothing restarts the timeout.
    resetTimeoutOnProgress: true,
    onprogress: ({ progress, total, message }) =>
      contexts.run(undefined, () =>
        invocation.onProgress?.({
          progress,
          ...(total === undefined ? {} : { total }),
          ...(message === undefined ? {} : { message }),
        }),
      ),
  };
}

function toolResult({ content, structuredContent, isError }: CallToolResult): ProviderResult {
  const [only] = content;
  const text = content.length === 1 && only?.type === 'text' ? only.text : undefined;
  return {
    output: structuredContent === undefined ? (text ?? json(content)) : json(structuredContent),
    content: blocks(content),
    isError: isError === true,
  };
}

function inputObject({ input, capability }: Invocation): JsonObject {
  if (input === null) return {};
  if (isJsonObject(input)) return input;
  throw new CapstanError('INPUT_INVALID', `${capability.id} takes an object as its input.`);
}

/** Prompt arguments are strings in the protocol. */
function promptArgument(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function isJsonObject(value: JsonValue): value is JsonObject {
  return isRecord(value);
}

// What arrives as JSON is JSON; the SDK's types only do not say so.
function json(value: unknown): JsonValue {
  return value as JsonValue;
}

function blocks(values: readonly unknown[]): readonly ContentBlock[] {
  return values as readonly ContentBlock[];
}
