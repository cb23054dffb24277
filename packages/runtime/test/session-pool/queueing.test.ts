import { CapstanError } from '@capstan/provider';
import type { ProviderSessionId } from '@capstan/runtime';
import { describe, expect, it, vi } from 'vitest';
import { memoryRuntime, MemoryUpstream } from '../support/memory-provider.ts';

const shared = { session_scope: 'shared' };

/** Lets everything happen that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

describe('calls beyond what a session takes at once', () => {
  it('wait, and never run more at once than it takes', async () => {
    const upstream = new MemoryUpstream();
    const { runtime } = await memoryRuntime(upstream, { metadata: { session_max_concurrency: 4 } });
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    const calls = Array.from({ length: 50 }, () => runtime.call('memory.call', { hold: true }));
    await settle();
    expect([upstream.opened, upstream.atOnce]).toEqual([1, 4]);
    gate.resolve();
    await Promise.all(calls);
    expect([upstream.calls.length, upstream.mostAtOnce]).toEqual([50, 4]);
    await runtime.close();
  });

  it('get further sessions where the manifest allows them', async () => {
    const upstream = new MemoryUpstream();
    const { runtime } = await memoryRuntime(upstream, {
      metadata: { session_max_concurrency: 2, session_max_sessions: 3 },
    });
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    const calls = Array.from({ length: 10 }, () => runtime.call('memory.call', { hold: true }));
    await settle();
    expect([upstream.opened, upstream.atOnce]).toEqual([3, 6]);
    gate.resolve();
    await Promise.all(calls);
    await runtime.close();
    expect(upstream.ended).toBe(3);
  });

  it('serve a small caller in turn, however much a big one has queued', async () => {
    const upstream = new MemoryUpstream();
    const { runtime } = await memoryRuntime(upstream, { metadata: { ...shared, session_max_concurrency: 1 } });
    const call = (subject: string) => runtime.call('memory.call', { subject }, { caller: { subject } });
    await call('warm');
    const big = Array.from({ length: 1_000 }, () => call('big'));
    const small = Array.from({ length: 10 }, () => call('small'));
    await Promise.all([...big, ...small]);
    const last = upstream.calls.findLastIndex(({ subject }) => subject === 'small');
    expect(last).toBeLessThan(1 + 2 * 10 + 5);
    expect(upstream.calls).toHaveLength(1_011);
    await runtime.close();
  });

  it('are refused at once beyond the limit of the queue, with the time to come back', async () => {
    const upstream = new MemoryUpstream();
    const { runtime } = await memoryRuntime(upstream, {
      metadata: { session_max_concurrency: 1, session_queue_limit: 5 },
    });
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    await runtime.call('memory.call');
    const calls = Array.from({ length: 60 }, () => runtime.call('memory.call', { hold: true }));
    const refused: unknown[] = [];
    for (const call of calls) call.catch((error: unknown) => refused.push(error));
    await settle();
    expect(refused).toHaveLength(54);
    expect(refused[0]).toMatchObject({
      code: 'OVERLOADED',
      retryAfterMs: expect.any(Number),
      details: { scope: 'key', queueDepth: 5 },
    });
    gate.resolve();
    await Promise.allSettled(calls);
    expect(upstream.calls).toHaveLength(1 + 6);
    await runtime.close();
  });

  it('give way to a caller with fewer waiting, so that nobody can fill the queue for all', async () => {
    const upstream = new MemoryUpstream();
    const { runtime } = await memoryRuntime(upstream, {
      metadata: { ...shared, session_max_concurrency: 1, session_queue_limit: 10 },
    });
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    const call = (subject: string) => runtime.call('memory.call', { subject, hold: true }, { caller: { subject } });
    await runtime.call('memory.call');
    const greedy = Array.from({ length: 30 }, () => call('greedy'));
    const others = Array.from({ length: 5 }, (_, n) => call(`other ${n}`));
    const outcomes = Promise.all([Promise.allSettled(greedy), Promise.allSettled(others)]);
    await settle();
    gate.resolve();
    const [ofGreedy, ofOthers] = await outcomes;
    expect(ofOthers.every(({ status }) => status === 'fulfilled')).toBe(true);
    expect(ofGreedy.filter(({ status }) => status === 'fulfilled')).toHaveLength(1 + 10 - 5);
    await runtime.close();
  });

  it('are not refused for the slowness of answers of the past, where the session that is opened takes them all', async () => {
    vi.useFakeTimers();
    try {
      const upstream = new MemoryUpstream();
      const { runtime } = await memoryRuntime(upstream);
      const gate = Promise.withResolvers<void>();
      upstream.gate = gate.promise;
      const slow = Array.from({ length: 20 }, () => runtime.call('memory.call', { hold: true }));
      await vi.advanceTimersByTimeAsync(1_000);
      gate.resolve();
      await Promise.all(slow);
      await runtime.sessions?.terminateSession('memory-1' as ProviderSessionId);
      await Promise.all(Array.from({ length: 64 }, () => runtime.call('memory.call')));
      expect([upstream.opened, upstream.calls.length]).toEqual([2, 84]);
      await runtime.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it('are not refused for one slow answer, and are refused at once where many say that it would take too long', async () => {
    vi.useFakeTimers();
    try {
      const upstream = new MemoryUpstream();
      const { runtime } = await memoryRuntime(upstream, { metadata: { session_max_concurrency: 1 } });
      /** One that takes 8 seconds, and what became of those that came meanwhile. */
      const slowCall = async (others: number): Promise<unknown[]> => {
        const gate = Promise.withResolvers<void>();
        upstream.gate = gate.promise;
        const first = runtime.call('memory.call', { hold: true });
        await settle();
        const behind = Array.from({ length: others }, () => runtime.call('memory.call'));
        const outcomes = Promise.all([first, ...behind].map((call) => call.catch((error: unknown) => error)));
        await vi.advanceTimersByTimeAsync(8_000);
        gate.resolve();
        return (await outcomes).filter((outcome) => outcome instanceof CapstanError);
      };
      for (const others of [0, 5, 5]) expect(await slowCall(others)).toEqual([]);
      for (let call = 0; call < 32; call++) await slowCall(0);
      // Two wait, which takes 16 seconds: the others are told so.
      const why = expect.stringContaining('calls ahead would take longer');
      const overloaded = { code: 'OVERLOADED', message: why, retryAfterMs: 16_000 };
      expect(await slowCall(5)).toMatchObject([overloaded, overloaded, overloaded]);
      await runtime.close();
    } finally {
      vi.useRealTimers();
    }
  });

  it('leave the queue when they are cancelled, and when they waited as long as they may', async () => {
    vi.useFakeTimers();
    try {
      const upstream = new MemoryUpstream();
      const { runtime } = await memoryRuntime(upstream, { metadata: { session_max_concurrency: 1 } });
      const gate = Promise.withResolvers<void>();
      upstream.gate = gate.promise;
      const running = runtime.call('memory.call', { hold: true });
      await settle();
      const controller = new AbortController();
      const cancelled = runtime.call('memory.call', { n: 1 }, { signal: controller.signal });
      const late = runtime.call('memory.call', { n: 2 });
      const outcomes = Promise.allSettled([cancelled, late]);
      controller.abort();
      await vi.advanceTimersByTimeAsync(10_000);
      gate.resolve();
      await running;
      expect(await outcomes).toMatchObject([{ reason: { code: 'CANCELLED' } }, { reason: { code: 'OVERLOADED' } }]);
      expect(upstream.calls).toHaveLength(1);
      await runtime.close();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('sessions beyond what a pool may hold', () => {
  it('take the place of the one that is idle for longest', async () => {
    const upstream = new MemoryUpstream();
    const { runtime, events } = await memoryRuntime(upstream, { sessions: { maxSessionsPerProvider: 2 } });
    for (const subject of ['ann', 'bob', 'cid']) await runtime.call('memory.call', {}, { caller: { subject } });
    expect([upstream.opened, upstream.open.size]).toEqual([3, 2]);
    expect(events.filter(({ type }) => type === 'session-terminated')).toMatchObject([
      { session: 'memory-1', reason: 'evicted' },
    ]);
    await runtime.close();
  });

  it('wait for a place where none is idle', async () => {
    const upstream = new MemoryUpstream();
    const { runtime } = await memoryRuntime(upstream, { sessions: { maxSessionsTotal: 1 } });
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    const first = runtime.call('memory.call', { hold: true }, { caller: { subject: 'ann' } });
    await settle();
    const second = runtime.call('memory.call', {}, { caller: { subject: 'bob' } });
    await settle();
    expect(upstream.opened).toBe(1);
    gate.resolve();
    await Promise.all([first, second]);
    expect([upstream.opened, upstream.ended]).toEqual([2, 1]);
    await runtime.close();
  });
});
