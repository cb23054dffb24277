import type { Cancellation, CancellationListener } from '@capstan/http-egress';

/** Ends the stream of one request: what an `AbortController` and its signal do, at a fraction of their price. */
export class StreamEnd implements Cancellation {
  aborted = false;
  readonly #listeners: CancellationListener[] = [];

  get reason(): Error {
    return new Error('Nobody waits for the answer any more.');
  }

  addEventListener(_type: 'abort', listener: CancellationListener): void {
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: CancellationListener): void {
    const index = this.#listeners.indexOf(listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }

  end(): void {
    if (this.aborted) return;
    this.aborted = true;
    for (const listener of this.#listeners.splice(0)) listener.handleEvent();
  }
}
