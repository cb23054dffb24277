import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { RateBuckets } from '@capstan/http-egress';
import { egressFor, rejection, serve } from '../upstream.ts';

const key = { origin: 'https://api.example.com', credential: 'API_TOKEN' };

const saying = (remaining: number, reset: number, limit?: number) => ({
  headers: {
    ...(limit === undefined ? {} : { 'ratelimit-limit': String(limit) }),
    'ratelimit-remaining': String(remaining),
    'ratelimit-reset': String(reset),
  },
});

describe('with time that stands still', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
  });

  /** How many of `count` callers were let in, as time goes on. */
  const crowd = (buckets: RateBuckets, count: number) => {
    let entered = 0;
    for (let turn = 0; turn < count; turn += 1)
      void buckets.enter(key).then(() => {
        entered += 1;
      });
    return async (milliseconds: number) => {
      await vi.advanceTimersByTimeAsync(milliseconds);
      return entered;
    };
  };

  test('without an announcement nobody waits', async () => {
    expect(await crowd(new RateBuckets(), 100)(0)).toBe(100);
  });

  test('as many as remain go at once, and the others when the window is over', async () => {
    const buckets = new RateBuckets();
    buckets.answered(key, saying(3, 30, 10));
    const enteredAfter = crowd(buckets, 12);
    expect(await enteredAfter(0)).toBe(3);
    expect(await enteredAfter(29_999)).toBe(3);
    expect(await enteredAfter(1)).toBe(12);
  });

  test('of a new window no more go than the old limit, until an answer tells the new budget', async () => {
    const buckets = new RateBuckets();
    buckets.answered(key, saying(0, 30, 2));
    const enteredAfter = crowd(buckets, 10);
    expect(await enteredAfter(30_000)).toBe(2);
    buckets.answered(key, saying(4, 30, 6));
    expect(await enteredAfter(1_000)).toBe(6);
    expect(await enteredAfter(28_999)).toBe(6);
    expect(await enteredAfter(1_000)).toBe(10);
  });

  test('of a new window one goes ahead where no limit was told, and all after a second without news', async () => {
    const buckets = new RateBuckets();
    buckets.answered(key, saying(0, 30));
    const enteredAfter = crowd(buckets, 10);
    expect(await enteredAfter(30_000)).toBe(1);
    expect(await enteredAfter(1_000)).toBe(10);
  });

  test('the budget of a short new window counts from its first answer', async () => {
    const buckets = new RateBuckets();
    buckets.answered(key, saying(0, 1));
    const enteredAfter = crowd(buckets, 10);
    expect(await enteredAfter(1_000)).toBe(1);
    buckets.answered(key, saying(5, 2));
    expect(await enteredAfter(1_000)).toBe(6);
  });

  test('an answer that comes late does not give back what was sent meanwhile', async () => {
    const buckets = new RateBuckets();
    buckets.answered(key, saying(5, 30));
    expect(await crowd(buckets, 4)(0)).toBe(4);
    buckets.answered(key, saying(4, 29));
    expect(await crowd(buckets, 4)(0)).toBe(1);
  });

  test('another credential and another origin have budgets of their own', async () => {
    const buckets = new RateBuckets();
    buckets.answered(key, saying(0, 30));
    await buckets.enter({ ...key, credential: 'OTHER_TOKEN' }, { maxWaitMs: 0 });
    await buckets.enter({ ...key, origin: 'https://other.example.com' }, { maxWaitMs: 0 });
    expect(await rejection(buckets.enter(key, { maxWaitMs: 0 }))).toMatchObject({ code: 'OVERLOADED' });
  });

  test('a wait that would be too long is refused at once, and says how long', async () => {
    const buckets = new RateBuckets();
    buckets.answered(key, saying(0, 3_600));
    expect(await rejection(buckets.enter(key))).toMatchObject({
      code: 'OVERLOADED',
      retryable: true,
      retryAfterMs: 3_600_000,
      details: { reason: 'rate', sent: false },
    });
  });

  test('a wait ends with its signal, and takes nothing from the budget', async () => {
    const buckets = new RateBuckets();
    buckets.answered(key, saying(0, 30, 1));
    const aborting = new AbortController();
    const waiting = rejection(buckets.enter(key, { signal: aborting.signal }));
    aborting.abort('enough');
    expect(await waiting).toBe('enough');
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(30_000);
    await buckets.enter(key, { maxWaitMs: 0 });
  });

  test('no more than a thousand budgets are kept', async () => {
    const buckets = new RateBuckets();
    const nth = (index: number) => ({ origin: `https://${index}.example.com`, credential: '' });
    for (let index = 0; index <= 1_000; index += 1) buckets.answered(nth(index), saying(0, 30));
    await buckets.enter(nth(0), { maxWaitMs: 0 });
    expect(await rejection(buckets.enter(nth(1), { maxWaitMs: 0 }))).toMatchObject({ code: 'OVERLOADED' });
  });
});

test('learns from the answers of a server', async () => {
  const upstream = await serve((_, response) =>
    response.writeHead(200, { 'RateLimit-Remaining': '1', 'RateLimit-Reset': '60' }).end(),
  );
  const egress = egressFor();
  const buckets = new RateBuckets();
  const key = { origin: upstream.url.origin, credential: '' };
  await buckets.enter(key);
  buckets.answered(key, await egress.request({ url: upstream.url, trust: 'declared' }));
  await buckets.enter(key, { maxWaitMs: 0 });
  expect(await rejection(buckets.enter(key, { maxWaitMs: 0 }))).toMatchObject({ code: 'OVERLOADED' });
});
