import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Breaker, keyBreaker, upstreamBreaker } from '../../src/session-pool/breaker.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

function fail(breaker: Breaker, times: number): void {
  for (let time = 0; time < times; time++) {
    expect(breaker.admit(Date.now())).toBe(true);
    breaker.failure(Date.now());
  }
}

/** Lets the pause pass, makes the probe, and returns how long the pause was. */
function probe(breaker: Breaker): number {
  const waitMs = breaker.retryAfterMs(Date.now());
  vi.setSystemTime(Date.now() + waitMs);
  expect(breaker.admit(Date.now())).toBe(true);
  return waitMs;
}

describe('the breaker of a pool key', () => {
  it('opens at the fifth failure in a row', () => {
    const breaker = new Breaker(keyBreaker);
    fail(breaker, 4);
    breaker.success();
    fail(breaker, 5);
    expect(breaker.state).toBe('open');
    expect(breaker.admit(Date.now())).toBe(false);
    expect(breaker.retryAfterMs(Date.now())).toBeGreaterThan(0);
  });

  it('takes failures of calls that were under way at the same time for one', () => {
    const breaker = new Breaker(keyBreaker);
    for (let incident = 0; incident < 4; incident++) {
      const since = Date.now();
      vi.setSystemTime(since + 10);
      for (let call = 0; call < 32; call++) breaker.failure(Date.now() + call, { since });
    }
    expect(breaker.state).toBe('closed');
    breaker.failure(Date.now() + 100);
    expect(breaker.state).toBe('open');
  });

  it('opens when half of many calls fail', () => {
    const breaker = new Breaker(keyBreaker);
    for (let second = 0; second < 40 && breaker.state === 'closed'; second++) {
      breaker.success();
      breaker.failure(Date.now());
      breaker.success();
      breaker.failure(Date.now());
      vi.setSystemTime(Date.now() + 500);
    }
    expect(breaker.state).toBe('open');
  });

  it('stays closed while few of many calls fail', () => {
    const breaker = new Breaker(keyBreaker);
    for (let second = 0; second < 60; second++) {
      for (let call = 0; call < 9; call++) breaker.success();
      breaker.failure(Date.now());
      vi.setSystemTime(Date.now() + 500);
    }
    expect(breaker.state).toBe('closed');
  });
});

describe('the breaker of an upstream', () => {
  it('admits one probe after its pause, and is closed by its success', () => {
    const breaker = new Breaker(upstreamBreaker);
    fail(breaker, 1);
    probe(breaker);
    expect(breaker.state).toBe('half-open');
    expect(breaker.admit(Date.now())).toBe(false);
    breaker.success();
    expect(breaker.admit(Date.now())).toBe(true);
    expect(breaker.retryAfterMs(Date.now())).toBe(0);
  });

  it('pauses for longer with each failed probe, within its bounds', () => {
    const breaker = new Breaker(upstreamBreaker);
    const pauses: number[] = [];
    fail(breaker, 1);
    for (let round = 0; round < 40; round++) {
      pauses.push(probe(breaker));
      breaker.failure(Date.now());
    }
    expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000);
    expect(pauses.slice(-10).reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(
      10 * pauses.slice(0, 3).reduce((sum, pause) => sum + pause, 0),
    );
  });

  it('pauses for as long as the upstream asks', () => {
    const breaker = new Breaker(upstreamBreaker);
    breaker.failure(Date.now(), { atLeastMs: 45_000 });
    expect(breaker.retryAfterMs(Date.now())).toBe(45_000);
  });

  it('takes a probe that came to nothing for none', () => {
    const breaker = new Breaker(upstreamBreaker);
    fail(breaker, 1);
    probe(breaker);
    breaker.abandon(Date.now());
    expect(breaker.admit(Date.now())).toBe(true);
  });

  it('is not touched by calls that began before it opened', () => {
    const breaker = new Breaker(upstreamBreaker);
    fail(breaker, 1);
    const waitMs = breaker.retryAfterMs(Date.now());
    breaker.failure(Date.now());
    breaker.success();
    expect(breaker.state).toBe('open');
    expect(breaker.retryAfterMs(Date.now())).toBe(waitMs);
  });
});
