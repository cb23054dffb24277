import { type Caller, type Capability, CapstanError } from '@capstan/provider';

const mostBuckets = 10_000;
const unitMs: Readonly<Record<string, number>> = { s: 1_000, min: 60_000, h: 3_600_000 };

interface Bucket {
  tokens: number;
  filledAt: number;
}

interface Rate {
  readonly count: number;
  readonly perMs: number;
}

/** A token bucket for each capability that declares `call_rate_limit` and each of its callers. */
export class RateLimiter {
  readonly #rates = new WeakMap<Capability, Rate>();
  readonly #buckets = new Map<string, Bucket>();

  /** Throws `OVERLOADED` with `retryAfterMs` where the caller used up its rate. */
  check(capability: Capability, caller: Caller): void {
    const declared = capability.metadata['call_rate_limit'];
    if (declared === undefined) return;
    const rate = this.#rateOf(capability, String(declared));
    const now = Date.now();
    const bucket = this.#bucketOf(JSON.stringify([capability.id, caller.tenant, caller.subject]), rate, now);
    bucket.tokens = Math.min(rate.count, bucket.tokens + ((now - bucket.filledAt) * rate.count) / rate.perMs);
    bucket.filledAt = now;
    if (bucket.tokens < 1) {
      const retryAfterMs = Math.ceil(((1 - bucket.tokens) * rate.perMs) / rate.count);
      throw new CapstanError(
        'OVERLOADED',
        `${capability.id} may be called ${String(declared)} by each caller (call_rate_limit). Come back in ${retryAfterMs} ms.`,
        { retryAfterMs, details: { scope: 'rate', capability: capability.id } },
      );
    }
    bucket.tokens--;
  }

  #rateOf(capability: Capability, declared: string): Rate {
    let rate = this.#rates.get(capability);
    if (rate === undefined) {
      const [count = '1', unit = 's'] = declared.split('/');
      rate = { count: Number(count), perMs: unitMs[unit] ?? 1_000 };
      this.#rates.set(capability, rate);
    }
    return rate;
  }

  /** The bucket, full where it is new. The one least lately used goes when there are too many. */
  #bucketOf(key: string, rate: Rate, now: number): Bucket {
    const bucket = this.#buckets.get(key) ?? { tokens: rate.count, filledAt: now };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > mostBuckets) {
      const [oldest] = this.#buckets.keys();
      if (oldest !== undefined) this.#buckets.delete(oldest);
    }
    return bucket;
  }
}
