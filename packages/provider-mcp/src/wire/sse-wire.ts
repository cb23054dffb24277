import { readEventStream } from './event-stream.ts';
import { exchange, type ExchangeDoor } from './http-exchange.ts';
import { discard } from './http-wire.ts';
import { isRpcMessage, type RpcMessage } from './json-rpc.ts';
import { StreamEnd } from './stream-end.ts';
import type { SendOptions, Wire } from './wire.ts';
import { ForeignAnswer } from './wire-errors.ts';

export interface SseWireOptions extends ExchangeDoor {
  readonly url: URL;
}

const maxMessageBytes = 16 * 1024 * 1024;

/** The deprecated HTTP+SSE transport (2024-11-05): one stream for all that the server says, a second URL for what we say. */
export class SseWire implements Wire {
  readonly hasStreams = false;
  readonly sessionId = undefined;
  onmessage?: (message: RpcMessage) => void;
  onclose?: () => void;
  readonly #options: SseWireOptions;
  #endpoint: URL | undefined;
  /** Of the stream. Not the signal of `start`, which may abort when the connection has long been open. */
  readonly #end = new StreamEnd();
  #closed = false;

  constructor(options: SseWireOptions) {
    this.#options = options;
  }

  /** Opens the stream and waits until the server has said where messages go. Only to its own origin. */
  async start(signal: AbortSignal): Promise<void> {
    const { url, opener } = this.#options;
    const endpoint = Promise.withResolvers<URL>();
    const onAbort = (): void => {
      endpoint.reject(signal.reason);
      this.#end.end();
    };
    signal.throwIfAborted();
    signal.addEventListener('abort', onAbort, { once: true });
    const request = {
      url,
      method: 'GET',
      headers: { accept: 'text/event-stream' },
      context: opener(),
      signal: this.#end,
      lasting: true,
    } as const;
    exchange(this.#options, request)
      .then((stream) =>
        readEventStream(stream, maxMessageBytes, { lastEventId: undefined, retryMs: undefined }, (data, event) => {
          if (event === 'endpoint') endpoint.resolve(new URL(data, url));
          else this.#receive(data);
        }),
      )
      .then(
        () => endpoint.reject(new ForeignAnswer('The stream named no endpoint.')),
        (error: unknown) => endpoint.reject(error),
      )
      .finally(() => this.#ended());
    try {
      const found = await endpoint.promise;
      if (found.origin !== url.origin) throw new ForeignAnswer('The stream names an endpoint on another origin.');
      this.#endpoint = found;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  setProtocolVersion(): void {
    // The transport is older than the header.
  }

  async send(message: RpcMessage, { context, signal }: SendOptions = {}): Promise<void> {
    if (this.#endpoint === undefined) throw new TypeError('The connection has not started.');
    const stream = await exchange(this.#options, {
      url: this.#endpoint,
      method: 'POST',
      body: JSON.stringify(message),
      headers: { 'content-type': 'application/json' },
      context,
      signal,
    });
    await discard(stream);
  }

  async endSession(): Promise<void> {
    // The session is the stream.
  }

  async listen(): Promise<void> {
    // Everything comes on the one stream that is open anyway.
  }

  async close(): Promise<void> {
    this.#end.end();
    this.#ended();
  }

  #receive(data: string): void {
    let message: unknown;
    try {
      message = JSON.parse(data);
    } catch {
      return;
    }
    if (isRpcMessage(message)) this.onmessage?.(message);
  }

  #ended(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onclose?.();
  }
}
