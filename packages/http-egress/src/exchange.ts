import type { Dispatcher } from 'undici';
import { Answer, type AnswerSource } from './answer.ts';
import { connectionFailure } from './connection-failure.ts';
import type { EgressRequest } from './egress.ts';
import { redirectTarget } from './redirect.ts';

/** One request to be sent, and who waits for its answer. */
export interface Hop {
  readonly request: EgressRequest;
  readonly url: URL;
  readonly method: string;
  readonly redirectsLeft: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
  /** Sends the request on to the target of a redirect. */
  readonly follow: (hop: Hop, target: URL) => void;
}

/** Told once that a request left the queue for a connection. */
export interface ExchangeQueue {
  leave(origin: string): void;
}

const defaultMaxBytes = 16 * 1024 * 1024;
/** A redirect's own body is read up to here, so that its connection can be used again. */
const discardedBytes = 64 * 1024;
const abandoned = new Error('The request was given up.');

/** One request over the wire: undici tells it what happens, and it settles the hop exactly once, with an answer or an error. */
export class Exchange implements Dispatcher.DispatchHandler, AnswerSource {
  readonly #hop: Hop;
  readonly #queue: ExchangeQueue;
  readonly #origin: string;
  #controller: Dispatcher.DispatchController | undefined;
  #answer: Answer | undefined;
  #target: URL | undefined;
  #discarded = 0;
  #isOver = false;
  #isQueued = true;
  #sent = false;

  constructor(hop: Hop, queue: ExchangeQueue, origin: string) {
    this.#hop = hop;
    this.#queue = queue;
    this.#origin = origin;
    hop.request.signal?.addEventListener('abort', this);
  }

  /** The signal aborted. */
  handleEvent(): void {
    if (this.#isOver) return;
    const reason: unknown = this.#hop.request.signal?.reason;
    this.abort();
    this.ended();
    if (this.#answer === undefined) this.#hop.reject(reason);
    else this.#answer.fail(reason);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#leaveQueue();
    // What is thrown here makes undici drop the request and keep the connection.
    if (this.#isOver) throw abandoned;
    this.#controller = controller;
    this.#sent = true;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (status < 200 || this.#isOver) return;
    const { request, url, method, redirectsLeft, resolve } = this.#hop;
    if (status >= 300 && status < 400 && request.redirect !== 'none') {
      try {
        this.#target = redirectTarget(url, method, status, headers, redirectsLeft);
      } catch (error) {
        this.ended();
        this.#hop.reject(error);
        controller.abort(abandoned);
        return;
      }
      if (this.#target !== undefined) return;
    }
    this.#answer = new Answer(status, headers, url, request.maxBytes ?? defaultMaxBytes, this);
    resolve(this.#answer);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#answer !== undefined) return this.#answer.receive(chunk);
    this.#discarded += chunk.length;
    if (this.#discarded > discardedBytes) controller.abort(abandoned);
  }

  onResponseEnd(): void {
    if (this.#answer !== undefined) this.#answer.end();
    else this.#goOn();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#leaveQueue();
    if (this.#isOver) return;
    if (this.#target !== undefined) return this.#goOn();
    const failure = connectionFailure(error, this.#hop.url, this.#sent);
    if (this.#answer !== undefined) return this.#answer.fail(failure);
    this.ended();
    this.#hop.reject(failure);
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  abort(): void {
    const controller = this.#controller;
    this.#isOver = true;
    controller?.abort(abandoned);
  }

  ended(): void {
    this.#isOver = true;
    this.#hop.request.signal?.removeEventListener('abort', this);
  }

  #goOn(): void {
    if (this.#isOver || this.#target === undefined) return;
    this.ended();
    const target = this.#target;
    // Not from within undici's parser, which has yet to let go of this request.
    queueMicrotask(() => this.#hop.follow(this.#hop, target));
  }

  #leaveQueue(): void {
    if (!this.#isQueued) return;
    this.#isQueued = false;
    this.#queue.leave(this.#origin);
  }
}
