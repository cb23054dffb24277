import {
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  type IBackoff,
  type IBackoffFactory,
  type IBreaker,
  SamplingBreaker,
} from 'cockatiel';

const forgetAfterMs = 60_000;

/** When a breaker opens, and for how long. Decorrelated jitter, so that many processes do not probe in step. */
interface BreakerKind {
  readonly rule: () => IBreaker;
  readonly pauses: IBackoffFactory<unknown>;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/**
 * A circuit breaker whose admission and outcome are told apart, because a call waits in a queue between the two. Open, it admits nobody
 * for a pause that grows with each failed probe; then one probe, whose outcome decides.
 */
export class Breaker {
  readonly #kind: BreakerKind;
  /** Made at the first failure: most breakers never see one. */
  #rule: IBreaker | undefined;
  #pause: IBackoff<unknown> | undefined;
  #state: BreakerState = 'closed';
  #admitsAt = 0;
  #failedAt = 0;

  constructor(kind: BreakerKind) {
    this.#kind = kind;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Milliseconds until the next probe may be made; 0 where somebody would be admitted now. */
  retryAfterMs(now: number): number {
    if (this.#state === 'closed') return 0;
    return this.#state === 'open' ? Math.max(0, this.#admitsAt - now) : Math.ceil(this.#pause?.duration ?? 0);
  }

  /** Whether it remembers nothing that still matters: no failure, or one whose pause is long over. */
  isForgettable(now: number): boolean {
    return this.#state === 'closed' || (this.#state === 'open' && now - this.#admitsAt > forgetAfterMs);
  }

  /** Whether one more may go ahead. Where that is the probe, its `success`, `failure` or `abandon` must follow. */
  admit(now: number): boolean {
    if (this.#state === 'closed') return true;
    if (this.#state === 'half-open' || now < this.#admitsAt) return false;
    this.#state = 'half-open';
    return true;
  }

  success(): void {
    if (this.#state === 'open') return;
    this.#rule?.success(this.#state === 'closed' ? CircuitState.Closed : CircuitState.HalfOpen);
    this.#state = 'closed';
    this.#pause = undefined;
  }

  /**
   * `since`: when what failed had begun. What was under way already at the last failure tells nothing new: a connection that breaks under
   * thirty calls is one failure. `atLeastMs`: how long the upstream itself asks to be left alone.
   */
  failure(
    now: number,
    { since = now, atLeastMs = 0 }: { readonly since?: number; readonly atLeastMs?: number } = {},
  ): void {
    if (this.#state === 'open' || (this.#state === 'closed' && since < this.#failedAt)) return;
    this.#failedAt = now;
    this.#rule ??= this.#kind.rule();
    const broken = this.#rule.failure(this.#state === 'closed' ? CircuitState.Closed : CircuitState.HalfOpen);
    if (this.#state === 'closed' && !broken) return;
    this.#pause = (this.#pause ?? this.#kind.pauses).next(undefined);
    this.#state = 'open';
    this.#admitsAt = now + Math.ceil(Math.max(atLeastMs, this.#pause.duration));
  }

  /** The probe came to nothing: the next one may go ahead at once. */
  abandon(now: number): void {
    if (this.#state !== 'half-open') return;
    this.#state = 'open';
    this.#admitsAt = now;
  }
}

/** Openings of sessions at one upstream: each failure is followed by a pause, from 0.1 s to 30 s. */
export const upstreamBreaker: BreakerKind = {
  rule: () => new ConsecutiveBreaker(1),
  pauses: new ExponentialBackoff({ initialDelay: 100, maxDelay: 30_000 }),
};

/** Calls under one pool key: 5 failures in a row, or half of at least 20 within 30 s, pause it for 1 s to 60 s. */
export const keyBreaker: BreakerKind = {
  rule() {
    const consecutive = new ConsecutiveBreaker(5);
    // It breaks above its threshold, not at it.
    const sampling = new SamplingBreaker({ threshold: 0.499, duration: 30_000, minimumRps: 20 / 30 });
    return {
      state: undefined,
      success(state) {
        consecutive.success();
        sampling.success(state);
      },
      failure(state) {
        const both = [consecutive.failure(), sampling.failure(state)];
        return both.includes(true);
      },
    };
  },
  pauses: new ExponentialBackoff({ initialDelay: 1_000, maxDelay: 60_000 }),
};
