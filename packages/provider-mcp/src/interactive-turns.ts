/**
 * Lets calls that may be asked something run one at a time, alone; all others run together. First come, first served, so neither kind
 * starves the other.
 */
export class InteractiveTurns {
  readonly #waiting: { readonly alone: boolean; readonly admit: () => void }[] = [];
  #running = 0;
  #aloneRuns = false;

  /** Resolves with the way out, once it is this call's turn. Rejects with the signal's reason. */
  async enter(alone: boolean, signal: AbortSignal): Promise<() => void> {
    if (this.#waiting.length > 0 || !this.#fits(alone)) await this.#turn(alone, signal);
    else this.#admit(alone);
    return () => {
      this.#running -= 1;
      this.#aloneRuns = false;
      this.#admitNext();
    };
  }

  async #turn(alone: boolean, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const turn = Promise.withResolvers<void>();
    const entry = { alone, admit: turn.resolve };
    this.#waiting.push(entry);
    const onAbort = (): void => {
      const index = this.#waiting.indexOf(entry);
      if (index === -1) return;
      this.#waiting.splice(index, 1);
      turn.reject(signal.reason);
      this.#admitNext();
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      await turn.promise;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #admitNext(): void {
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.alone); next = this.#waiting[0]) {
      this.#waiting.shift();
      this.#admit(next.alone);
      next.admit();
    }
  }

  #fits(alone: boolean): boolean {
    return this.#running === 0 || (!alone && !this.#aloneRuns);
  }

  #admit(alone: boolean): void {
    this.#running += 1;
    this.#aloneRuns = alone;
  }
}
