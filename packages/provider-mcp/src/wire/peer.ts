import type { JsonObject } from '@capstan/provider';
import type { CallContext } from '../call-context.ts';
import { isJsonObject } from '../is-record.ts';
import { dress, legacyDialect, type Dialect } from './dialect.ts';
import { isResponseTo, isRpcMessage, type RpcId, type RpcMessage, type RpcResponse } from './json-rpc.ts';
import { PendingRequest, type RequestOptions } from './pending-request.ts';
import { ConnectionEnded, ForeignAnswer, HttpRefusal, RpcError, StreamEnded } from './wire-errors.ts';
import type { Wire } from './wire.ts';

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

/**
 * Matches answers to requests over one wire. Every request settles: by its answer, the end of its stream, its time, its caller's signal
 * or the end of the connection.
 */
export class McpPeer {
  readonly #wire: Wire;
  readonly #handlers: PeerHandlers;
  readonly #normalizeEnvelope: boolean;
  readonly #pending = new Map<RpcId, PendingRequest>();
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
    const { signal, context, headers, maxBytes, onProgress } = options;
    if (signal?.aborted === true) return Promise.reject(signal.reason as Error);
    const id = this.#nextId;
    this.#nextId += 1;
    const pending = new PendingRequest(id, method, options, { onGivenUp: (request) => this.#tellGivenUp(request) });
    this.#pending.set(id, pending);
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
          deliver: (message) => this.#receive(message, pending),
        },
      )
      .then(
        () => {
          if (this.#wire.hasStreams && this.#pending.has(id))
            this.#fail(pending, new StreamEnded('The stream ended without an answer.'));
        },
        (error: unknown) => this.#refused(pending, error),
      );
    return pending.promise;
  }

  async notify(method: string, params: JsonObject | undefined, context: CallContext | undefined): Promise<void> {
    const dressed = dress(this.#dialect, params, undefined);
    await this.#wire.send(
      { jsonrpc: '2.0', method, ...(dressed === undefined ? {} : { params: dressed }) },
      { context, headers: this.#dialect.headers(method, params) },
    );
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
    const { method, params = {} } = message;
    if ('id' in message) return void this.#serve(message.id, method, params, origin);
    if (method !== 'notifications/progress') return this.#handlers.onNotification(method, params, origin?.context);
    const token = params['progressToken'];
    if (typeof token === 'number' || typeof token === 'string') this.#pending.get(token)?.progressed(params);
  }

  #answer(response: RpcResponse, origin: PendingRequest | undefined): void {
    const { id, error, result } = response;
    // An error without an id can only mean the request on whose stream it came.
    const pending = id === null ? origin : this.#pending.get(id);
    if (pending === undefined) return;
    if (error !== undefined) return this.#fail(pending, new RpcError(error.code, String(error.message), error.data));
    if (result === undefined || !isJsonObject(result))
      return this.#fail(pending, new ForeignAnswer('The result is not an object.'));
    if (this.#pending.delete(pending.id))
      pending.resolve(this.#normalizeEnvelope ? { ...strayParts(response), ...result } : result);
  }

  async #serve(id: RpcId, method: string, params: JsonObject, origin: PendingRequest | undefined): Promise<void> {
    let answer: RpcResponse;
    try {
      const result = method === 'ping' ? {} : await this.#handlers.onRequest(method, params, origin?.context);
      answer = { jsonrpc: '2.0', id, result };
    } catch (error) {
      const { code, message } = error instanceof RpcError ? error : { code: internalError, message: 'Internal error' };
      answer = { jsonrpc: '2.0', id, error: { code, message } };
    }
    // Where the connection is broken, the request that was asked about learns of it by itself.
    await this.#wire.send(answer, { context: origin?.context }).catch(() => undefined);
  }

  /** Nobody waits any more. A modern server learns it from the end of the stream; others are told. */
  #tellGivenUp(pending: PendingRequest): void {
    this.#pending.delete(pending.id);
    const streamSaysIt = this.#wire.hasStreams && this.#dialect.era === 'modern';
    if (streamSaysIt || pending.method === 'initialize' || this.#ended) return pending.stream.end();
    this.notify('notifications/cancelled', { requestId: pending.id }, pending.context)
      .catch(() => undefined)
      .finally(() => pending.stream.end());
  }

  /** A modern server answers a request that it will not look at with HTTP 400 and the error proper (2026-07-28, Streamable HTTP). */
  #refused(pending: PendingRequest, error: unknown): void {
    const answer = this.#dialect.era === 'modern' && error instanceof HttpRefusal ? rpcAnswerIn(error) : undefined;
    if (answer !== undefined && isResponseTo(answer, pending.id)) this.#answer(answer, pending);
    else this.#fail(pending, error);
  }

  #fail(pending: PendingRequest, error: unknown): void {
    if (this.#pending.delete(pending.id)) pending.reject(error);
  }

  #end(failure?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const pending of this.#pending.values()) {
      pending.stream.end();
      this.#fail(pending, failure ?? new ConnectionEnded(true));
    }
    if (!this.#closing) this.#handlers.onClose();
  }
}

function rpcAnswerIn({ status, body }: HttpRefusal): RpcMessage | undefined {
  if (status !== 400) return undefined;
  try {
    const message: unknown = JSON.parse(body);
    return isRpcMessage(message) ? message : undefined;
  } catch {
    return undefined;
  }
}

/** What some servers put beside the result although it belongs inside. */
function strayParts(response: object): JsonObject {
  const stray: Record<string, JsonObject[string]> = {};
  if ('resultType' in response && typeof response.resultType === 'string') stray['resultType'] = response.resultType;
  if ('_meta' in response && isJsonObject(response._meta)) stray['_meta'] = response._meta;
  return stray;
}
