import { type CallLimits, CapstanError, type Progress } from '@capstan/provider';

const graceMs = 1_000;
/** A timer that is set for longer fires at once. */
const longestTimerMs = 2_147_483_647;

/**
 * Cancel and deadline of one call in one signal, whose `reason` is the `CANCELLED` or `TIMEOUT` error to throw. Progress starts the
 * idle limit anew, never the total one. While the caller is asked something the idle limit rests: it is for upstreams that are silent, not
 * for people who think. The total one goes on, because the call holds a place in its session all the time.
 */
export class CallDeadline {
  readonly #controller = new AbortController();
  readonly #capability: string;
  readonly #limits: CallLimits;
  readonly #caller: AbortSignal | undefined;
  readonly #endsAt: number;
  #timer: NodeJS.Timeout | undefined;
  /** Questions to the caller that are not answered yet. */
  #questions = 0;

  constructor(capability: string, limits: CallLimits, caller: AbortSignal | undefined) {
    this.#capability = capability;
    this.#limits = limits;
    this.#caller = caller;
    this.#endsAt = Date.now() + limits.maxTotalMs;
    if (caller?.aborted === true) this.#onCallerAbort();
    else {
      caller?.addEventListener('abort', this.#onCallerAbort, { once: true });
      this.#restart();
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Wraps a progress listener so that progress extends the idle limit. */
  extending(listener: ((progress: Progress) => void) | undefined): (progress: Progress) => void {
    return (progress) => {
      if (this.#timer !== undefined) this.#restart();
      listener?.(progress);
    };
  }

  /** Wraps what answers the upstream's questions so that the idle limit rests meanwhile. Of a call that is over nothing is asked. */
  resting<Q, A>(answer: (question: Q) => Promise<A>): (question: Q) => Promise<A> {
    return async (question) => {
      if (this.#timer === undefined) {
        const late = `The call of ${this.#capability} is over: its questions are answered no more.`;
        throw new CapstanError('CANCELLED', late, { cause: this.signal.reason });
      }
      this.#questions++;
      this.#restart();
      try {
        return await answer(question);
      } finally {
        this.#questions--;
        if (this.#timer !== undefined) this.#restart();
      }
    };
  }

  /** `running`, or the reason of the signal where nothing comes of it within a second after that aborted: a part of the host's may hang. */
  async holdTo<T>(running: Promise<T>): Promise<T> {
    const over = Promise.withResolvers<never>();
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      timer = setTimeout(() => over.reject(this.signal.reason as Error), graceMs);
    };
    if (this.signal.aborted) onAbort();
    else this.signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([running, over.promise]);
    } finally {
      clearTimeout(timer);
      this.signal.removeEventListener('abort', onAbort);
    }
  }

  /** The call is over: nothing fires any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#caller?.removeEventListener('abort', this.#onCallerAbort);
  }

  /** Ends the call with `reason`. */
  cancel(reason: CapstanError): void {
    this.end();
    this.#controller.abort(reason);
  }

  readonly #onCallerAbort = (): void => {
    const cause: unknown = this.#caller?.reason;
    this.cancel(new CapstanError('CANCELLED', `The call of ${this.#capability} was cancelled.`, { cause }));
  };

  #restart(): void {
    clearTimeout(this.#timer);
    const left = this.#endsAt - Date.now();
    const idle = this.#questions === 0 && this.#limits.timeoutMs < left;
    this.#timer = setTimeout(
      () => this.#expire(idle),
      Math.min(longestTimerMs, Math.max(0, idle ? this.#limits.timeoutMs : left)),
    );
  }

  #expire(idle: boolean): void {
    const what = idle
      ? `gave no answer or progress within ${this.#limits.timeoutMs} ms (call_timeout_ms)`
      : `took longer than ${this.#limits.maxTotalMs} ms in all (call_max_total_ms)`;
    this.cancel(new CapstanError('TIMEOUT', `The call of ${this.#capability} ${what}.`));
  }
}
