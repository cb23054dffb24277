import type { Capability } from '@capstan/provider';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { RateLimiter } from '../../src/marketplace/rate-limit.ts';

const capability = (limit?: string): Capability =>
  ({ id: 'counter.count', metadata: limit === undefined ? {} : { call_rate_limit: limit } }) as unknown as Capability;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('RateLimiter', () => {
  it('refuses what is over the rate and says when to come back', () => {
    const limiter = new RateLimiter();
    const limited = capability('2/s');
    limiter.check(limited, { subject: 'ann' });
    limiter.check(limited, { subject: 'ann' });
    expect(() => limiter.check(limited, { subject: 'ann' })).toThrow(
      expect.objectContaining({ code: 'OVERLOADED', retryAfterMs: 500 }),
    );
    vi.setSystemTime(Date.now() + 500);
    limiter.check(limited, { subject: 'ann' });
    expect(() => limiter.check(limited, { subject: 'ann' })).toThrow(/2\/s/);
  });

  it('keeps callers and tenants apart', () => {
    const limiter = new RateLimiter();
    const limited = capability('1/min');
    for (const caller of [{ subject: 'ann' }, { subject: 'bob' }, { subject: 'ann', tenant: 't' }])
      limiter.check(limited, caller);
    expect(() => limiter.check(limited, { subject: 'bob' })).toThrow(expect.objectContaining({ retryAfterMs: 60_000 }));
  });

  it('lets everything pass where no rate is declared', () => {
    const limiter = new RateLimiter();
    for (let call = 0; call < 1_000; call++) {
      expect(() => limiter.check(capability(), { subject: 'ann' })).not.toThrow();
    }
  });
});
