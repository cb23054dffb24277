import {
  CapstanError,
  type CallLimits,
  type ContentBlock,
  type Invocation,
  type JsonObject,
  type JsonValue,
  type ProviderResult,
} from '@capstan/provider';
import type { CallContext } from './call-context.ts';
import { expandTemplate } from './expand-template.ts';
import { isJsonObject } from './is-record.ts';
import type { McpOperation, ToolOperation } from './mcp-operation.ts';
import type { McpSession } from './mcp-session.ts';
import { inputRequired, requestWithInput } from './request-with-input.ts';
import type { CachedReads } from './response-cache.ts';
import { announcedTask } from './tasks.ts';
import { headersFor } from './wire/param-headers.ts';
import { MalformedResult, RpcError } from './wire/wire-errors.ts';

export interface CallOptions {
  readonly operation: McpOperation;
  readonly invocation: Invocation;
  readonly limits: CallLimits;
  readonly context: CallContext;
  /** Answers to `resources/read` that may be given again. */
  readonly cache?: CachedReads | undefined;
  /** Called before the call itself is sent: what was asked until then is no part of it. */
  readonly onSend: () => void | Promise<void>;
}

/** Sends one call and shapes its answer. Rejects with what the wire or the system threw. */
export async function callOperation(session: McpSession, options: CallOptions): Promise<ProviderResult> {
  const { operation, invocation } = options;
  switch (operation.kind) {
    case 'tool':
      return toolOutcome(await callTool(session, operation, options));
    case 'prompt': {
      const args = Object.fromEntries(
        Object.entries(inputObject(invocation)).map(([name, value]) => [name, promptArgument(value)]),
      );
      return resultOf(
        await send(session, 'prompts/get', { name: operation.name, arguments: args }, options),
        promptResult,
      );
    }
    case 'resource':
      return resultOf(await readResource(session, operation.uri, options), resourceResult);
    case 'resource-template': {
      const uri = expandTemplate(operation.template, inputObject(invocation), invocation.capability.id);
      return resultOf(await readResource(session, uri, options), resourceResult);
    }
  }
}

const headerMismatch = -32020;

/** A server that checks headers against its definition (SEP-2243) refuses a call without them before it runs; then the definition is fetched, once. */
async function callTool(session: McpSession, operation: ToolOperation, options: CallOptions): Promise<JsonObject> {
  const { invocation } = options;
  const { name, idempotencyArgument } = operation;
  const { idempotencyKey } = invocation;
  const given = inputObject(invocation);
  const args =
    idempotencyArgument === undefined || idempotencyKey === undefined
      ? given
      : { [idempotencyArgument]: idempotencyKey, ...given };
  const params = { name, arguments: args };
  if (session.era === 'legacy') {
    if (session.mayRunTasks && (await session.legacyTasks.supports(name, invocation.signal)))
      return send(session, 'tools/call', { ...params, task: {} }, options);
    return send(session, 'tools/call', params, options);
  }
  const { toolHeaders } = session;
  const headers = toolHeaders.known(name) ?? toolHeaders.declared(invocation.capability);
  try {
    return await send(session, 'tools/call', params, options, headersFor(headers, args));
  } catch (error) {
    if (!(error instanceof RpcError && error.code === headerMismatch)) throw error;
    const fetched = await toolHeaders.fetch(operation, session, options).catch(() => undefined);
    if (fetched === undefined) throw error;
    return send(session, 'tools/call', params, options, headersFor(fetched, args));
  }
}

async function readResource(session: McpSession, uri: string, options: CallOptions): Promise<JsonObject> {
  const { cache, invocation } = options;
  if (cache === undefined || session.era === 'legacy') return send(session, 'resources/read', { uri }, options);
  const known = invocation.resume === undefined ? cache.get(uri) : undefined;
  if (known !== undefined) return known;
  const { moment } = cache;
  // An answer that came of the caller's own answers is for this call only (2026-07-28, "Caching").
  let isAnswerToAnswers = false;
  const result = await send(session, 'resources/read', { uri }, options, undefined, () => (isAnswerToAnswers = true));
  if (!isAnswerToAnswers && isWholeResource(result)) cache.keep(uri, result, moment);
  return result;
}

/** A question is not kept for others, nor what nobody can read. */
function isWholeResource({ resultType, contents }: JsonObject): boolean {
  return (resultType === undefined || resultType === 'complete') && Array.isArray(contents);
}

async function send(
  session: McpSession,
  method: string,
  params: JsonObject,
  { invocation, limits, context, onSend }: CallOptions,
  headers?: Readonly<Record<string, string>>,
  onAgain?: () => void,
): Promise<JsonObject> {
  const { peer } = session.connection;
  const { signal, onProgress = ignoreProgress } = invocation;
  const request = {
    signal,
    context,
    headers,
    // The signal is the limit: progress moves it, a question to the caller lets it rest.
    timeoutMs: Infinity,
    maxBytes: limits.maxOutputBytes,
    // Asked for even where nobody listens: a call that makes progress is not one that hangs.
    onProgress,
  };
  const meta = metaOf(invocation);
  const dressed = meta === undefined ? params : { ...params, _meta: meta };
  const sendOnce = async (extra: JsonObject): Promise<JsonObject> => {
    invocation.signal.throwIfAborted();
    const ready = onSend();
    if (ready !== undefined) await ready;
    return peer.request(method, { ...dressed, ...extra }, request);
  };
  return requestWithInput(sendOnce, session, invocation, context, onAgain);
}

function ignoreProgress(): void {
  // Progress keeps the call alive; nobody wants to hear of it.
}

/** W3C trace context (SEP-414), and what the caller's own client can answer, under the names that the protocol reserves in `params._meta`. */
function metaOf({ trace, clientCapabilities }: Invocation): JsonObject | undefined {
  if (trace === undefined && clientCapabilities === undefined) return undefined;
  return {
    ...trace,
    ...(clientCapabilities === undefined ? {} : { 'io.modelcontextprotocol/clientCapabilities': clientCapabilities }),
  };
}

/** What is no result yet is handed on as what it is; `shape` is for the rest. */
function resultOf(result: JsonObject, shape: (result: JsonObject) => ProviderResult): ProviderResult {
  const { resultType } = result;
  if (resultType === undefined || resultType === 'complete') return shape(result);
  const required = inputRequired(result);
  if (required === undefined) throw new MalformedResult('The result is of a type that is not known.');
  return {
    output: null,
    isError: false,
    inputRequired: { requests: required.requests, state: required.state ?? '' },
  };
}

/** A tool may also answer with a task, which only a legacy server does without saying so in `resultType`. */
function toolOutcome(result: JsonObject): ProviderResult {
  const task = result['content'] === undefined ? announcedTask(result) : undefined;
  return task ?? resultOf(result, toolResult);
}

/** Of `tools/call`, or of a task that came of it. */
export function toolResult({ content, structuredContent, isError }: JsonObject): ProviderResult {
  const blocks = content === undefined && structuredContent !== undefined ? [] : contentBlocks(content);
  const [only] = blocks;
  const text = blocks.length === 1 && only?.type === 'text' ? only['text'] : undefined;
  return {
    output: structuredContent ?? text ?? blocks,
    content: blocks,
    isError: isError === true,
  };
}

function promptResult({ messages, description }: JsonObject): ProviderResult {
  if (!Array.isArray(messages)) throw new MalformedResult('The prompt has no messages.');
  return {
    output: { ...(description === undefined ? {} : { description }), messages },
    content: contentBlocks(
      messages.map((message: JsonValue) => (isJsonObject(message) ? (message['content'] ?? null) : null)),
    ),
    isError: false,
  };
}

function resourceResult({ contents }: JsonObject): ProviderResult {
  if (!Array.isArray(contents)) throw new MalformedResult('The resource has no contents.');
  const [only] = contents as readonly JsonValue[];
  const text = contents.length === 1 && isJsonObject(only) ? only['text'] : undefined;
  return {
    output: text ?? (contents as readonly JsonValue[]),
    content: contents.map((resource: JsonValue) => ({ type: 'resource', resource })),
    isError: false,
  };
}

function contentBlocks(values: JsonValue | undefined): readonly ContentBlock[] {
  if (!Array.isArray(values) || !values.every(isContentBlock))
    throw new MalformedResult('The result has no list of content.');
  return values;
}

function isContentBlock(value: JsonValue): value is ContentBlock {
  return isJsonObject(value) && typeof value['type'] === 'string';
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
