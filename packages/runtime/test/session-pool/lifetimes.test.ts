import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryRuntime, MemoryUpstream } from '../support/memory-provider.ts';

let upstream: MemoryUpstream;

beforeEach(() => {
  vi.useFakeTimers();
  upstream = new MemoryUpstream();
});

afterEach(() => {
  vi.useRealTimers();
});

async function runtimeWith(metadata: Record<string, string | number>) {
  const { runtime, events } = await memoryRuntime(upstream, { metadata });
  return { runtime, ends: () => events.filter(({ type }) => type === 'session-terminated') };
}

describe('a session', () => {
  it('ends when it idled, and not while it is used', async () => {
    const { runtime, ends } = await runtimeWith({ session_idle_timeout_ms: 60_000 });
    for (let minute = 0; minute < 5; minute++) {
      await runtime.call('memory.call');
      await vi.advanceTimersByTimeAsync(50_000);
    }
    expect([upstream.opened, upstream.ended]).toEqual([1, 0]);
    await vi.advanceTimersByTimeAsync(21_000);
    expect(ends()).toMatchObject([{ reason: 'idle', confirmed: true, calls: 5 }]);
    await runtime.close();
  });

  it('ends at the end of its lifetime after its last call, and is followed by another', async () => {
    const { runtime, ends } = await runtimeWith({ session_max_lifetime_ms: 60_000, call_timeout_ms: 600_000 });
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    const long = runtime.call('memory.call', { hold: true });
    await vi.advanceTimersByTimeAsync(70_000);
    await runtime.call('memory.call');
    expect([upstream.opened, upstream.ended]).toEqual([2, 0]);
    gate.resolve();
    await long;
    await vi.advanceTimersByTimeAsync(1);
    expect(ends()).toMatchObject([{ session: 'memory-1', reason: 'lifetime' }]);
    await runtime.close();
  });

  it('takes no new calls once its plugin says that it is stale', async () => {
    const { runtime, ends } = await runtimeWith({});
    await runtime.call('memory.call');
    for (const session of upstream.open.values()) session.onStale();
    await runtime.call('memory.call');
    expect(upstream.opened).toBe(2);
    expect(ends()).toMatchObject([{ reason: 'stale' }]);
    await runtime.close();
  });

  it('takes no new calls once it is invalidated, in whole or by upstream', async () => {
    const { runtime, ends } = await runtimeWith({});
    await runtime.call('memory.call');
    const { sessions } = runtime;
    expect(sessions?.invalidate({ provider: 'other' })).toBe(0);
    expect(sessions?.invalidate({ provider: 'memory', upstream: ['elsewhere'] })).toBe(0);
    expect(sessions?.invalidate({ provider: 'memory', upstream: ['here'] })).toBe(1);
    await runtime.call('memory.call');
    expect(sessions?.invalidate({ provider: 'memory' })).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(ends()).toMatchObject([{ reason: 'invalidated' }, { reason: 'invalidated' }]);
    await runtime.close();
  });

  it('is asked whether it lives before it takes a call after a long pause', async () => {
    const { runtime, ends } = await runtimeWith({});
    await runtime.call('memory.call');
    await vi.advanceTimersByTimeAsync(31_000);
    await runtime.call('memory.call');
    expect([upstream.validations, upstream.opened]).toEqual([1, 1]);
    upstream.isValid = false;
    await vi.advanceTimersByTimeAsync(31_000);
    await Promise.all([runtime.call('memory.call'), runtime.call('memory.call')]);
    expect([upstream.validations, upstream.opened]).toEqual([2, 2]);
    expect(ends()).toMatchObject([{ reason: 'lost' }]);
    await runtime.close();
  });

  it('shows in the ledger who opened it and for what, its state, its calls, and when and why it ends', async () => {
    const { runtime } = await runtimeWith({ session_idle_timeout_ms: 60_000 });
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    const call = runtime.call('memory.call', { hold: true }, { caller: { subject: 'ann', tenant: 't' } });
    await vi.advanceTimersByTimeAsync(1);
    const now = Date.now();
    expect(runtime.sessions?.list()).toMatchObject([
      {
        id: 'memory-1',
        provider: 'memory',
        openedBy: { subject: 'ann', tenant: 't' },
        openedFor: 'memory.call',
        scope: 'caller',
        state: 'busy',
        calls: 1,
        inFlight: 1,
        willEnd: { why: 'lifetime' },
      },
    ]);
    gate.resolve();
    await call;
    const [entry] = runtime.sessions?.list() ?? [];
    expect(entry).toMatchObject({ state: 'ready', inFlight: 0, willEnd: { why: 'idle' } });
    expect(entry?.willEnd?.at).toBeGreaterThan(now + 53_000);
    expect(entry?.willEnd?.at).toBeLessThan(now + 67_000);
    await runtime.close();
    expect(runtime.sessions?.list()).toMatchObject([{ state: 'closed', ended: { why: 'drain', confirmed: true } }]);
  });
});

describe('a lease', () => {
  it('holds the session, and gives it back', async () => {
    const { runtime } = await runtimeWith({ session_idle_timeout_ms: 10_000 });
    const capability = runtime.marketplace.get('memory.call');
    if (capability === undefined || runtime.sessions === undefined) throw new Error('not loaded');
    {
      await using lease = await runtime.sessions.acquire(capability, { subject: 'host' });
      expect([lease.id, lease.reused]).toEqual(['memory-1', false]);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(upstream.ended).toBe(0);
      expect((await runtime.call('memory.call')).call.session).toBe('reused');
    }
    await vi.advanceTimersByTimeAsync(20_000);
    expect(upstream.ended).toBe(1);
    await runtime.close();
  });

  it('that nobody gives back is reported once, with where it was acquired, unless it shows that it is held', async () => {
    const logged: { message: string; details: unknown }[] = [];
    const { runtime } = await memoryRuntime(upstream, {
      logger: { log: (level, message, details) => level === 'warning' && logged.push({ message, details }) },
    });
    const capability = runtime.marketplace.get('memory.call');
    if (capability === undefined || runtime.sessions === undefined) throw new Error('not loaded');
    const lease = await runtime.sessions.acquire(capability, { subject: 'host' });
    await vi.advanceTimersByTimeAsync(50_000);
    lease.heartbeat();
    await vi.advanceTimersByTimeAsync(50_000);
    expect(logged).toEqual([]);
    await vi.advanceTimersByTimeAsync(120_000);
    expect(logged).toMatchObject([
      {
        message: expect.stringMatching(/memory-1 was acquired and not given back/),
        details: { acquiredAt: expect.stringContaining('lifetimes.test.ts') },
      },
    ]);
    await lease[Symbol.asyncDispose]();
    await lease[Symbol.asyncDispose]();
    expect(runtime.sessions.list()).toMatchObject([{ inFlight: 0 }]);
    await runtime.close();
  });
});
