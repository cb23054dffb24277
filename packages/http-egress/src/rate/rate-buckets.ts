import { CapstanError } from '@capstan/provider';
import type { Cancellation, EgressStream } from '../egress.ts';
import { announcedBudget } from './announced-budget.ts';

/** Whose budget it is. `credential`: names the credential without holding any of it; empty for none. */
export interface RateBucketKey {
  readonly origin: string;
  readonly credential: string;
}

export interface RateWaitOptions {
  readonly signal?: Cancellation;
  /** Default 60,000. */
  readonly maxWaitMs?: number;
}

interface Bucket {
  readonly limit: number | undefined;
  remaining: number;
  resetAt: number;
  /** After a reset, until an answer tells the new budget. */
  isProvisional: boolean;
}

const maxBuckets = 1_000;
const defaultMaxWaitMs = 60_000;
/** Resets are told in whole seconds, so those of one window differ by that. */
const sameWindowMs = 2_000;
/** After a reset nobody knows the new budget: this long it is taken to be the old one's limit, or a single request; then there is none. */
const unknownWindowMs = 1_000;

/** Budgets that upstreams announce, per origin and credential. A request beyond them waits here rather than to be refused there. */
export class RateBuckets {
  readonly #buckets = new Map<string, Bucket>();

  /**
   * Resolves when a request may be sent, and counts it.
   * @throws {CapstanError} OVERLOADED, at once, where the wait would be longer than `maxWaitMs`; or the reason of `signal`.
   */
  async enter(key: RateBucketKey, { signal, maxWaitMs = defaultMaxWaitMs }: RateWaitOptions = {}): Promise<void> {
    const giveUpAt = Date.now() + maxWaitMs;
    for (;;) {
      if (signal?.aborted === true) throw signal.reason;
      const waitMs = this.#take(key);
      if (waitMs === 0) return;
      if (Date.now() + waitMs > giveUpAt) throw budgetSpent(key.origin, waitMs);
      await pause(waitMs, signal);
    }
  }

  /** Learns from the headers of an answer. */
  answered(key: RateBucketKey, { headers }: Pick<EgressStream, 'headers'>): void {
    const now = Date.now();
    const announced = announcedBudget(headers, now);
    if (announced === undefined) return;
    const { limit, remaining, resetAt } = announced;
    const name = nameOf(key);
    const known = this.#buckets.get(name);
    // Answers come in any order, and do not know of what was sent meanwhile.
    const isSameWindow =
      known !== undefined &&
      !known.isProvisional &&
      known.resetAt > now &&
      Math.abs(known.resetAt - resetAt) <= sameWindowMs;
    this.#buckets.delete(name);
    if (this.#buckets.size >= maxBuckets) this.#forgetOldest();
    this.#buckets.set(name, {
      limit,
      remaining: isSameWindow ? Math.min(known.remaining, remaining) : remaining,
      resetAt,
      isProvisional: false,
    });
  }

  /** Milliseconds to wait; 0: a request was taken from the budget. */
  #take(key: RateBucketKey): number {
    const name = nameOf(key);
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) return 0;
    const now = Date.now();
    if (bucket.resetAt <= now) {
      if (bucket.isProvisional) {
        this.#buckets.delete(name);
        return 0;
      }
      bucket.isProvisional = true;
      bucket.remaining = Math.max(bucket.limit ?? 1, 1);
      bucket.resetAt = now + unknownWindowMs;
    }
    if (bucket.remaining <= 0) return bucket.resetAt - now;
    bucket.remaining -= 1;
    return 0;
  }

  #forgetOldest(): void {
    const [oldest] = this.#buckets.keys();
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}

const nameOf = ({ origin, credential }: RateBucketKey): string => `${origin} ${credential}`;

const budgetSpent = (origin: string, waitMs: number): CapstanError =>
  new CapstanError(
    'OVERLOADED',
    `${origin} said that its rate limit is used up for ${Math.ceil(waitMs / 1_000)} s. Nothing was sent; try again then.`,
    { retryAfterMs: waitMs, details: { reason: 'rate', sent: false } },
  );

/** Resolves after the time, or as soon as `signal` aborts. */
const pause = async (milliseconds: number, signal: Cancellation | undefined): Promise<void> => {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, milliseconds);
  const listener = { handleEvent: over.resolve };
  signal?.addEventListener('abort', listener);
  try {
    await over.promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', listener);
  }
};
