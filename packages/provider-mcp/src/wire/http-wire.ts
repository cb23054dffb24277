import { EgressError, type EgressStream } from '@capstan/http-egress';
import { CapstanError } from '@capstan/provider';
import type { CallContext } from '../call-context.ts';
import { readEventStream, type StreamPosition } from './event-stream.ts';
import { exchange, headerOf, type ExchangeDoor } from './http-exchange.ts';
import { isResponseTo, isRpcMessage, type RpcMessage } from './json-rpc.ts';
import { pause } from './pause.ts';
import type { SendOptions, Wire } from './wire.ts';
import { ForeignAnswer, HttpRefusal, StreamEnded } from './wire-errors.ts';

export interface HttpWireOptions extends ExchangeDoor {
  readonly url: URL;
  /** Talk without a handshake, in this revision, as a legacy server without sessions allows. */
  readonly protocolVersion?: string | undefined;
  /** Of a session that was opened before. */
  readonly sessionId?: string | undefined;
}

const defaultMaxBytes = 16 * 1024 * 1024;
/** A server that leaves a stream open after the answer holds a connection that others need. */
const openTailMs = 5000;
const maxResumptions = 2;
const firstResumptionMs = 1000;
const resumptionFactor = 1.5;
const listenBackoffLimitMs = 30_000;
/** However eager the server is. */
const shortestPauseMs = 100;
/** Streams without a message in a row, after which it is no longer the server alone that says how soon to come back. */
const mostEagerReturns = 3;
/** Of a body in which nothing of interest can be. */
const discardedBytes = 65_536;

/** Streamable HTTP: a POST for each message, answered by JSON or a stream of events (2025-11-25 and 2026-07-28, "Transports"). */
export class HttpWire implements Wire {
  readonly hasStreams = true;
  onmessage?: (message: RpcMessage) => void;
  onclose?: () => void;
  readonly #options: HttpWireOptions;
  readonly #streams = new Set<EgressStream>();
  #sessionId: string | undefined;
  #protocolVersion: string | undefined;
  #closed = false;
  /** Of the connection, made once for each change of session or revision. */
  #headers: Readonly<Record<string, string>> = {};
  #postHeaders: Readonly<Record<string, string>> = {};

  constructor(options: HttpWireOptions) {
    this.#options = options;
    this.#sessionId = options.sessionId;
    this.#protocolVersion = options.protocolVersion;
    this.#makeHeaders();
  }

  get sessionId(): string | undefined {
    return this.#sessionId;
  }

  async start(): Promise<void> {
    // The first message is the first connection.
  }

  setProtocolVersion(version: string): void {
    this.#protocolVersion = version;
    this.#makeHeaders();
  }

  async send(message: RpcMessage, options: SendOptions = {}): Promise<void> {
    const isHandshake = 'method' in message && message.method === 'initialize';
    const { headers, context, signal, lasting } = options;
    const stream = await exchange(this.#options, {
      url: this.#options.url,
      method: 'POST',
      body: JSON.stringify(message),
      headers: headers === undefined ? this.#postHeaders : { ...this.#postHeaders, ...headers },
      context,
      signal,
      urgent: isUrgent(message),
      ...(lasting === true ? { lasting } : {}),
    });
    if (isHandshake) this.#adoptSession(stream);
    if (!('method' in message && 'id' in message) || stream.status === 202) return discard(stream);
    const { maxBytes = defaultMaxBytes } = options;
    switch (mediaType(stream)) {
      case 'application/json': {
        for (const one of messagesIn(await stream.text(maxBytes))) this.#deliver(one, options);
        return;
      }
      case 'text/event-stream':
        await this.#readStream(stream, message.id, options);
        return;
      default:
        stream.cancel();
        throw new ForeignAnswer('The answer is neither JSON nor a stream of events.');
    }
  }

  async endSession(context: CallContext | undefined, signal: AbortSignal): Promise<void> {
    if (this.#sessionId === undefined) return;
    try {
      const { url } = this.#options;
      const headers = this.#headers;
      const stream = await exchange(this.#options, { url, method: 'DELETE', headers, context, signal, urgent: true });
      await discard(stream);
    } catch (error) {
      // 405: such a server ends its sessions by itself. 404: it has.
      if (!(error instanceof HttpRefusal && (error.status === 404 || error.status === 405))) throw error;
    }
    this.#sessionId = undefined;
    this.#makeHeaders();
  }

  async listen(
    context: CallContext | undefined,
    signal: AbortSignal,
    onGap?: () => void,
    onOpen?: () => void,
  ): Promise<void> {
    const position: StreamPosition = { lastEventId: undefined, retryMs: undefined };
    let opened = false;
    for (let failures = 0; !signal.aborted && !this.#closed;) {
      const openedAt = Date.now();
      try {
        const stream = await this.#get(position, { context, signal, lasting: true });
        if (mediaType(stream) !== 'text/event-stream') return stream.cancel();
        // A server that numbers its events tells again what was missed.
        if (opened && position.lastEventId === undefined) onGap?.();
        opened = true;
        onOpen?.();
        await readEventStream(stream, defaultMaxBytes, position, (data, event) => {
          for (const message of isMessageEvent(event) ? messagesOrNone(data) : []) {
            // What is none is skipped: the stream is for all calls of the session.
            if (!isRpcMessage(message)) continue;
            failures = 0;
            this.#deliver(message, {});
          }
        });
      } catch (error) {
        if (error instanceof HttpRefusal && error.status < 500) return;
      }
      // A stream that never lasts is not asked for once a second for ever.
      if (Date.now() - openedAt > listenBackoffLimitMs) failures = 0;
      const backoffMs = Math.min(firstResumptionMs * resumptionFactor ** failures, listenBackoffLimitMs);
      const { retryMs = backoffMs } = position;
      const pauseMs = failures < mostEagerReturns ? retryMs : Math.max(retryMs, backoffMs);
      failures += 1;
      await pause(Math.min(Math.max(pauseMs, shortestPauseMs), listenBackoffLimitMs), signal);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    for (const stream of this.#streams) stream.cancel();
    this.onclose?.();
  }

  /** Reads until the stream ends; one that breaks before its answer is taken up again where the server numbered its events. */
  async #readStream(first: EgressStream, id: string | number, options: SendOptions): Promise<void> {
    const { maxBytes = defaultMaxBytes, signal, resumable } = options;
    const position: StreamPosition = { lastEventId: undefined, retryMs: undefined };
    let answered = false;
    let tail: NodeJS.Timeout | undefined;
    let stream = first;
    for (let resumptions = 0; ; resumptions += 1) {
      try {
        const current = stream;
        this.#streams.add(current);
        await readEventStream(current, maxBytes, position, (data, event) => {
          for (const message of isMessageEvent(event) ? messagesIn(data) : []) {
            if (!answered && isRpcMessage(message) && isResponseTo(message, id)) {
              answered = true;
              tail = setTimeout(() => current.cancel(), openTailMs);
            }
            this.#deliver(message, options);
          }
        });
      } catch (error) {
        if (answered || signal?.aborted === true) return;
        // What the server said itself it would say again.
        const isBroken = error instanceof EgressError;
        if (!isBroken || resumable !== true || position.lastEventId === undefined || resumptions >= maxResumptions)
          throw error;
      } finally {
        clearTimeout(tail);
        this.#streams.delete(stream);
      }
      if (answered || resumable !== true || position.lastEventId === undefined || resumptions >= maxResumptions) return;
      await pause(position.retryMs ?? firstResumptionMs * resumptionFactor ** resumptions, signal);
      if (signal?.aborted === true) return;
      stream = await this.#resume(position, options);
    }
  }

  /** The request itself was taken: why its stream cannot be taken up again says nothing about that. */
  async #resume(position: StreamPosition, options: SendOptions): Promise<EgressStream> {
    try {
      return await this.#get(position, options);
    } catch (cause) {
      throw new StreamEnded('The stream could not be taken up again.', CapstanError.isInstance(cause) ? {} : { cause });
    }
  }

  #get({ lastEventId }: StreamPosition, { context, signal, lasting }: SendOptions): Promise<EgressStream> {
    const resumed = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    const headers = { ...this.#headers, accept: 'text/event-stream', ...resumed };
    return exchange(this.#options, {
      url: this.#options.url,
      method: 'GET',
      headers,
      context,
      signal,
      ...(lasting === true ? { lasting } : {}),
    });
  }

  #deliver(message: unknown, { deliver }: SendOptions): void {
    if (!isRpcMessage(message)) throw new ForeignAnswer('The answer is no JSON-RPC.');
    if (deliver === undefined) this.onmessage?.(message);
    else deliver(message);
  }

  #adoptSession({ headers }: EgressStream): void {
    const id = headers['mcp-session-id'];
    this.#sessionId = typeof id === 'string' && id !== '' ? id : undefined;
    this.#makeHeaders();
  }

  #makeHeaders(): void {
    this.#headers = {
      ...(this.#sessionId === undefined ? {} : { 'mcp-session-id': this.#sessionId }),
      ...(this.#protocolVersion === undefined ? {} : { 'mcp-protocol-version': this.#protocolVersion }),
    };
    // Frozen, they are checked once and not at each request.
    this.#postHeaders = Object.freeze({
      ...this.#headers,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    });
  }
}

/** Answers to the server's questions, and that nobody waits for an answer any more. */
function isUrgent(message: RpcMessage): boolean {
  return !('method' in message) || message.method === 'notifications/cancelled';
}

function mediaType({ headers }: EgressStream): string {
  const type = headerOf(headers['content-type']) ?? '';
  const end = type.indexOf(';');
  return (end === -1 ? type : type.slice(0, end)).trim().toLowerCase();
}

/** That it was accepted is all that counts; a short body is read, so that the connection can be used again. */
export async function discard(stream: EgressStream): Promise<void> {
  if (mediaType(stream) === 'text/event-stream') stream.cancel();
  else await stream.text(discardedBytes).catch(() => undefined);
}

/** Events of other names are none of the protocol's: signs of life, for example. */
function isMessageEvent(event: string | undefined): boolean {
  return event === undefined || event === 'message';
}

/** One, or several at once (2025-03-26, "Batching"). */
function messagesIn(text: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ForeignAnswer('The answer is no JSON.', { cause: error });
  }
  return Array.isArray(value) ? value : [value];
}

function messagesOrNone(text: string): readonly unknown[] {
  try {
    return messagesIn(text);
  } catch {
    return [];
  }
}
