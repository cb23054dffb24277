import type { Cancellation } from './egress.ts';

interface Running<T> {
  readonly promise: Promise<T>;
  readonly controller: AbortController;
  waiters: number;
}

/** One task at a time, shared by all who ask meanwhile. It goes on while one of them waits, and is aborted when the last one gave up. */
export class SharedTask<T> {
  #running: Running<T> | undefined;

  /** Joins the task under way, else starts one. Rejects with the reason of `signal` as soon as that aborts. */
  async run(start: (signal: AbortSignal) => Promise<T>, signal?: Cancellation): Promise<T> {
    if (signal?.aborted === true) throw signal.reason;
    const running = (this.#running ??= this.#start(start));
    running.waiters += 1;
    const aborted = Promise.withResolvers<never>();
    const listener = { handleEvent: () => aborted.reject(signal?.reason) };
    signal?.addEventListener('abort', listener);
    try {
      return await Promise.race([running.promise, aborted.promise]);
    } finally {
      signal?.removeEventListener('abort', listener);
      running.waiters -= 1;
      if (running.waiters === 0) this.#giveUp(running);
    }
  }

  #start(start: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController();
    const running: Running<T> = { controller, waiters: 0, promise: start(controller.signal) };
    const over = (): void => this.#forget(running);
    running.promise.then(over, over);
    return running;
  }

  #giveUp(running: Running<T>): void {
    this.#forget(running);
    running.controller.abort(new Error('Nobody waits for it any more.'));
  }

  #forget(running: Running<T>): void {
    if (this.#running === running) this.#running = undefined;
  }
}
