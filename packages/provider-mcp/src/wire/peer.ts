import type { JsonObject, JsonValue } from '@capstan/provider';
import type { CallContext } from '../call-context.ts';
import { isJsonObject } from '../is-record.ts';
import { dress, legacyDialect, type Dialect } from './dialect.ts';
import { isResponseTo, isRpcMessage, type RpcId, type RpcMessage, type RpcResponse } from './json-rpc.ts';
import { PendingRequest, type RequestOptions } from './pending-request.ts';
import { StreamEnd } from './stream-end.ts';
import { ConnectionEnded, ForeignAnswer, HttpRefusal, NoAnswer, RpcError, StreamEnded } from './wire-errors.ts';
import type { SendOptions, Wire } from './wire.ts';

/** What the other side asks or tells. `context`: the call it belongs to, where that is certain. */
export interface PeerHandlers {
  /** Rejects with `RpcError` for a refusal. */
  onRequest(method: string, params: JsonObject, context: CallContext | undefined): Promise<JsonObject>;
  onNotification(method: string, params: JsonObject, context: CallContext | undefined): void;
  /** The other side ended the connection. */
  onClose(): void;
}

export interface PeerOptions {
  readonly wire: Wire;
  readonly handlers: PeerHandlers;
  /** Two peers on one session keep their requests apart by ranges of ids. Default 0. */
  readonly firstId?: number;
  /** Take `resultType` and `_meta` that stand beside a result for parts of it. Default false. */
  readonly normalizeEnvelope?: boolean;
}

const internalError = -32603;
const invalidRequest = -32600;
const methodNotFound = -32601;
/** What the other side asks beyond that at the same time gets no answer. */
const mostServed = 256;
/** What the other side gets to take an answer. */
const answerLimitMs = 30_000;
/** What it gets to take that nobody waits any more. */
const cancelLimitMs = 2000;

/**
 * Matches answers to requests over one wire. Every request settles: by its answer, the end of its stream, its time, its caller's signal
 * or the end of the connection.
 */
export class McpPeer {
  readonly #wire: Wire;
  readonly #handlers: PeerHandlers;
  readonly #normalizeEnvelope: boolean;
  /** By id, as text. */
  readonly #pending = new Map<string, PendingRequest>();
  readonly #answers = new Set<StreamEnd>();
  #served = 0;
  #dialect: Dialect = legacyDialect;
  #nextId: number;
  #ended = false;
  #closing = false;

  constructor({ wire, handlers, firstId = 0, normalizeEnvelope = false }: PeerOptions) {
    this.#wire = wire;
    this.#handlers = handlers;
    this.#normalizeEnvelope = normalizeEnvelope;
    this.#nextId = firstId;
    wire.onmessage = (message) => this.#receive(message, undefined);
    wire.onclose = (failure) => this.#end(failure);
  }

  get ended(): boolean {
    return this.#ended;
  }

  start(signal: AbortSignal): Promise<void> {
    return this.#wire.start(signal);
  }

  /** From now on, in every message. */
  speak(dialect: Dialect): void {
    this.#dialect = dialect;
  }

  /** Resolves with the result as the server sent it. Rejects with `RpcError`, with what the wire threw, or with the signal's reason. */
  request(method: string, params: JsonObject | undefined, options: RequestOptions): Promise<JsonObject> {
    if (this.#ended) return Promise.reject(new ConnectionEnded(false));
    const { signal, context, headers, maxBytes, lasting, onProgress } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    const id = this.#nextId;
    this.#nextId += 1;
    const pending = new PendingRequest(id, method, options, { onGivenUp: (request) => this.#tellGivenUp(request) });
    this.#pending.set(String(id), pending);
    const dialect = this.#dialect;
    const dressed = dress(dialect, params, onProgress === undefined ? undefined : id);
    const own = dialect.headers(method, params);
    this.#wire
      .send(
        { jsonrpc: '2.0', id, method, ...(dressed === undefined ? {} : { params: dressed }) },
        {
          context,
          signal: pending.stream,
          headers: own === undefined ? headers : { ...headers, ...own },
          resumable: dialect.era === 'legacy',
          maxBytes,
          lasting,
          deliver: (message) => this.#receive(message, pending),
        },
      )
      .then(
        () => {
          if (this.#wire.hasStreams && this.#isUnderWay(pending))
            this.#fail(pending, new StreamEnded('The stream ended without an answer.'));
        },
        (error: unknown) => this.#refused(pending, error),
      );
    return pending.promise;
  }

  /** Resolves when the other side took it. Rejects with `NoAnswer`, with what the wire threw, or with the signal's reason. */
  async notify(
    method: string,
    params: JsonObject | undefined,
    { context, signal, timeoutMs }: Pick<RequestOptions, 'context' | 'signal' | 'timeoutMs'>,
  ): Promise<void> {
    signal?.throwIfAborted();
    const dressed = dress(this.#dialect, params, undefined);
    const message = { jsonrpc: '2.0', method, ...(dressed === undefined ? {} : { params: dressed }) } as const;
    const end = new StreamEnd();
    const onAbort = { handleEvent: () => end.end() };
    signal?.addEventListener('abort', onAbort);
    try {
      await this.#sendWithin(timeoutMs, message, end, { context, headers: this.#dialect.headers(method, params) });
    } catch (error) {
      signal?.throwIfAborted();
      throw end.aborted ? new NoAnswer(`${method} was not taken in ${timeoutMs} ms.`) : error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    try {
      await this.#wire.close();
    } finally {
      this.#end();
    }
  }

  #receive(message: RpcMessage, origin: PendingRequest | undefined): void {
    if (!('method' in message)) return this.#answer(message, origin);
    const { method } = message;
    const params = message.params !== undefined && isJsonObject(message.params) ? message.params : {};
    if ('id' in message) return void this.#serve(message.id, method, params, origin);
    // Of a call that has ended nobody is told, but what is said of the server counts.
    const context = origin !== undefined && this.#isUnderWay(origin) ? origin.context : undefined;
    try {
      if (method !== 'notifications/progress') return this.#handlers.onNotification(method, params, context);
      const token = params['progressToken'];
      if (typeof token === 'number' || typeof token === 'string') this.#pending.get(String(token))?.progressed(params);
    } catch {
      // Whoever listens must not be able to break the stream that brings the answer.
    }
  }

  #answer(response: RpcResponse, origin: PendingRequest | undefined): void {
    const { id, error, result } = response;
    // On the stream of a request comes its own answer; an error without an id can only mean that request.
    if (origin !== undefined && id !== null && !isResponseTo(response, origin.id)) return;
    const pending = id === null ? origin : this.#pending.get(String(id));
    if (pending === undefined) return;
    // Some servers write `error: null` beside a result.
    if (error !== undefined && error !== null) return this.#fail(pending, failureIn(error));
    if (result === undefined || !isJsonObject(result))
      return this.#fail(pending, new ForeignAnswer('The result is not an object.'));
    if (this.#forget(pending))
      pending.resolve(this.#normalizeEnvelope ? { ...strayParts(response), ...result } : result);
  }

  async #serve(id: RpcId, method: string, params: JsonObject, origin: PendingRequest | undefined): Promise<void> {
    if (this.#served >= mostServed) return;
    this.#served += 1;
    let answer: RpcResponse;
    try {
      answer = { jsonrpc: '2.0', id, result: await this.#resultFor(method, params, origin) };
    } catch (error) {
      const { code, message } = error instanceof RpcError ? error : { code: internalError, message: 'Internal error' };
      answer = { jsonrpc: '2.0', id, error: { code, message } };
    }
    await this.#sendAnswer(answer, origin?.context);
    this.#served -= 1;
  }

  /** Where the connection is broken, the request that was asked about learns of it by itself. */
  async #sendAnswer(answer: RpcResponse, context: CallContext | undefined): Promise<void> {
    if (this.#ended) return;
    const end = new StreamEnd();
    this.#answers.add(end);
    await this.#sendWithin(answerLimitMs, answer, end, { context }).catch(() => undefined);
    this.#answers.delete(end);
  }

  async #resultFor(method: string, params: JsonObject, origin: PendingRequest | undefined): Promise<JsonObject> {
    if (method === 'ping') return {};
    // Nor is anybody else to be asked instead.
    if (origin !== undefined && !this.#isUnderWay(origin))
      throw new RpcError(invalidRequest, 'The request that this belongs to has ended.');
    return this.#handlers.onRequest(method, params, origin?.context);
  }

  /** For what has no answer: a server that does not take it must not hold a connection for ever. */
  async #sendWithin(limitMs: number, message: RpcMessage, end: StreamEnd, options: SendOptions): Promise<void> {
    const timer = setTimeout(() => end.end(), limitMs);
    try {
      await this.#wire.send(message, { ...options, signal: end });
    } finally {
      clearTimeout(timer);
    }
  }

  /** Nobody waits any more. A modern server learns it from the end of the stream; others are told. */
  #tellGivenUp(pending: PendingRequest): void {
    this.#forget(pending);
    // First, so that a request that still waits for a connection is never sent.
    pending.stream.end();
    const streamSaysIt = this.#wire.hasStreams && this.#dialect.era === 'modern';
    if (streamSaysIt || pending.method === 'initialize' || this.#ended) return;
    const { context } = pending;
    const told = this.notify(
      'notifications/cancelled',
      { requestId: pending.id },
      { context, timeoutMs: cancelLimitMs },
    );
    told.catch(() => undefined);
  }

  /** A modern server answers a request that it will not look at with HTTP 400 and the error proper (2026-07-28, Streamable HTTP). */
  #refused(pending: PendingRequest, error: unknown): void {
    const answer = this.#dialect.era === 'modern' && error instanceof HttpRefusal ? rpcAnswerIn(error) : undefined;
    if (answer !== undefined && isResponseTo(answer, pending.id)) this.#answer(answer, pending);
    else this.#fail(pending, error);
  }

  #fail(pending: PendingRequest, error: unknown): void {
    if (this.#forget(pending)) pending.reject(error);
  }

  #isUnderWay({ id }: PendingRequest): boolean {
    return this.#pending.has(String(id));
  }

  /** Whether it was under way until now. */
  #forget({ id }: PendingRequest): boolean {
    return this.#pending.delete(String(id));
  }

  #end(failure?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const pending of this.#pending.values()) {
      pending.stream.end();
      this.#fail(pending, failure ?? new ConnectionEnded(true));
    }
    for (const answer of this.#answers) answer.end();
    if (!this.#closing) this.#handlers.onClose();
  }
}

/** Of what stands under `error` in an answer. */
function failureIn(error: JsonValue): Error {
  if (!isJsonObject(error) || typeof error['code'] !== 'number')
    return new ForeignAnswer('The error is not one of JSON-RPC.');
  const { code, message, data } = error;
  return new RpcError(code, typeof message === 'string' ? message : '', data);
}

function rpcAnswerIn({ status, body }: HttpRefusal): RpcMessage | undefined {
  if (status !== 400 && status !== 404) return undefined;
  try {
    const message: unknown = JSON.parse(body);
    if (!isRpcMessage(message)) return undefined;
    // Where the address itself is not found there is no such answer.
    return status === 400 || isMethodNotFound(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

function isMethodNotFound(message: RpcMessage): boolean {
  return 'error' in message && isJsonObject(message.error) && message.error['code'] === methodNotFound;
}

/** What some servers put beside the result although it belongs inside. */
function strayParts(response: object): JsonObject {
  const stray: Record<string, JsonObject[string]> = {};
  if ('resultType' in response && typeof response.resultType === 'string') stray['resultType'] = response.resultType;
  if ('_meta' in response && isJsonObject(response._meta)) stray['_meta'] = response._meta;
  return stray;
}
