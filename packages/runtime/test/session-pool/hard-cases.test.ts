import { CapstanError } from '@capstan/provider';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryRuntime, MemoryUpstream, Refusal } from '../support/memory-provider.ts';

let upstream: MemoryUpstream;

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(Math, 'random').mockReturnValue(0.5);
  upstream = new MemoryUpstream();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a session that expires while others are served', () => {
  it('costs no waiting call its place, and no session a place for ever', async () => {
    const { runtime } = await memoryRuntime(upstream, {
      metadata: { session_max_sessions: 2, session_max_concurrency: 2, session_max_lifetime_ms: 30_000 },
    });
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    const held = Array.from({ length: 4 }, () => runtime.call('memory.call', { hold: true }));
    await vi.advanceTimersByTimeAsync(29_000);
    const waiting = Array.from({ length: 6 }, () => runtime.call('memory.call'));
    await vi.advanceTimersByTimeAsync(2_000);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await Promise.all([...held, ...waiting])).length).toBe(10);
    expect(runtime.sessions?.list().every(({ inFlight }) => inFlight === 0)).toBe(true);
    await runtime.close({ deadlineMs: 1_000 });
    expect(upstream.ended).toBe(upstream.opened);
  });
});

describe('a session that took long to open', () => {
  it('has idled for no time when it is open', async () => {
    const gate = Promise.withResolvers<void>();
    upstream.openingGate = gate.promise;
    const { runtime } = await memoryRuntime(upstream, { metadata: { session_idle_timeout_ms: 1_000 } });
    const call = runtime.call('memory.call');
    await vi.advanceTimersByTimeAsync(5_000);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(1);
    await call;
    expect([upstream.opened, upstream.ended]).toEqual([1, 0]);
    await runtime.close();
  });
});

describe('an opening that takes longer than a call may wait', () => {
  it('is waited for until its own limit', async () => {
    const gate = Promise.withResolvers<void>();
    upstream.openingGate = gate.promise;
    const { runtime } = await memoryRuntime(upstream, {
      sessions: { acquireTimeoutMs: 1_000, createTimeoutMs: 5_000 },
    });
    const call = runtime.call('memory.call');
    await vi.advanceTimersByTimeAsync(3_000);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(1);
    expect((await call).call.session).toBe('new');
    expect(upstream.opened).toBe(1);
    await runtime.close();
  });

  it('is reported as what it is where it exceeds that', async () => {
    upstream.openingGate = new Promise(() => {});
    const { runtime } = await memoryRuntime(upstream, {
      sessions: { acquireTimeoutMs: 1_000, createTimeoutMs: 5_000 },
    });
    const refused = expect(runtime.call('memory.call')).rejects.toMatchObject({
      code: 'TIMEOUT',
      message: expect.stringContaining('Opening a session for memory.call took longer than 5000 ms'),
    });
    await vi.advanceTimersByTimeAsync(6_000);
    await refused;
    const closing = runtime.close();
    await vi.advanceTimersByTimeAsync(30_000);
    await closing;
  });
});

describe('neighbours of a call that killed their session', () => {
  it('are all repeated, however long that takes one after the other', async () => {
    const { runtime } = await memoryRuntime(upstream, { sessions: { acquireTimeoutMs: 1_000 } });
    await runtime.call('memory.call');
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    const calls = Promise.all(Array.from({ length: 8 }, () => runtime.call('memory.call', { hold: true })));
    await vi.advanceTimersByTimeAsync(1);
    for (const session of upstream.open.values()) upstream.kill(session);
    await vi.advanceTimersByTimeAsync(5_000);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await calls).toHaveLength(8);
    await runtime.close();
  });
});

describe('a call that was sent', () => {
  it('with a key is never reported as safe to repeat, whatever its next try was refused for', async () => {
    const { runtime } = await memoryRuntime(upstream, { effect: 'keyed' });
    await runtime.call('memory.call');
    upstream.refusals.push(new Refusal({ kind: 'session-lost', sent: true }));
    upstream.refuseOpening = new Refusal({ kind: 'fatal', sent: false });
    const call = runtime.call('memory.call', { refuse: true });
    await expect(call).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN', retryable: false });
    await runtime.close();
  });
});

describe('a bound of the pool', () => {
  it('that one provider has reached ends no session of another', async () => {
    const { runtime } = await memoryRuntime(upstream, { sessions: { maxSessionsTotal: 3 } });
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    const call = (subject: string, hold: boolean) => runtime.call('memory.call', { hold }, { caller: { subject } });
    for (const subject of ['a', 'b', 'c']) await call(subject, false);
    const many = Promise.all(Array.from({ length: 10 }, () => call('new', true)));
    await vi.advanceTimersByTimeAsync(1);
    expect([upstream.opened, upstream.ended]).toEqual([4, 1]);
    gate.resolve();
    await many;
    await runtime.close();
  });
});

describe('a close', () => {
  it('ends nothing that was never opened', async () => {
    upstream.openingGate = new Promise(() => {});
    const { runtime, events } = await memoryRuntime(upstream);
    const call = runtime.call('memory.call').catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(1);
    const closing = runtime.close({ deadlineMs: 10 });
    await vi.advanceTimersByTimeAsync(30_000);
    await closing;
    expect(CapstanError.isInstance(await call)).toBe(true);
    expect(upstream.ended).toBe(0);
    expect(events.some(({ type }) => type === 'session-terminated')).toBe(false);
  });

  it('is over in time although an interceptor never answers', async () => {
    const { runtime } = await memoryRuntime(upstream, { interceptors: [() => new Promise(() => {})] });
    const refused = expect(runtime.call('memory.call')).rejects.toMatchObject({ code: 'CLOSED' });
    const closing = runtime.close({ deadlineMs: 100 });
    await vi.advanceTimersByTimeAsync(2_000);
    await closing;
    await refused;
  });
});

describe('credentials that stay refused', () => {
  it('end the session', async () => {
    const { runtime } = await memoryRuntime(upstream);
    await runtime.call('memory.call');
    const refusal = () => new Refusal({ kind: 'unauthorized', sent: false });
    upstream.refusals.push(refusal(), refusal());
    await expect(runtime.call('memory.call', { refuse: true })).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    upstream.refusals.length = 0;
    await runtime.call('memory.call');
    await runtime.close();
    expect([upstream.opened, upstream.ended]).toEqual([2, 2]);
  });
});
