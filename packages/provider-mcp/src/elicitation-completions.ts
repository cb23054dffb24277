const mostRemembered = 1000;

/** Of what a person was sent elsewhere for, by its id: what is done (2025-11-25, "Elicitation", `notifications/elicitation/complete`). */
export class ElicitationCompletions {
  readonly #done = new Set<string>();
  readonly #waiting = new Set<() => void>();

  complete(id: string): void {
    this.#done.add(id);
    for (const oldest of this.#done) {
      if (this.#done.size <= mostRemembered) break;
      this.#done.delete(oldest);
    }
    for (const check of this.#waiting) check();
  }

  /** Resolves when all of them are done. Rejects with the signal's reason. */
  async wait(ids: readonly string[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const all = Promise.withResolvers<void>();
    const check = (): void => {
      if (ids.every((id) => this.#done.has(id))) all.resolve();
    };
    const onAbort = (): void => all.reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting.add(check);
    check();
    try {
      await all.promise;
    } finally {
      this.#waiting.delete(check);
      signal.removeEventListener('abort', onAbort);
    }
  }
}
