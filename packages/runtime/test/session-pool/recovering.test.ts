import type { Runtime } from '@capstan/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { memoryRuntime, MemoryUpstream, Refusal } from '../support/memory-provider.ts';

let upstream: MemoryUpstream;

beforeEach(() => {
  vi.useFakeTimers();
  // Pauses with jitter are the same in each run.
  vi.spyOn(Math, 'random').mockReturnValue(0.2);
  upstream = new MemoryUpstream();
});

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const down = (): Refusal => new Refusal({ kind: 'transient', sent: false });
const passed = async (call: Promise<unknown>): Promise<boolean> =>
  call.then(
    () => true,
    () => false,
  );

describe('a call that kills its session', () => {
  it('is the only one of 64 that fails', async () => {
    const { runtime } = await memoryRuntime(upstream);
    await runtime.call('memory.call');
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    const good = Array.from({ length: 63 }, () => runtime.call('memory.call', { hold: true }));
    const poison = runtime.call('memory.call', { kill: true });
    const outcomes = Promise.all([passed(poison), ...good.map(passed)]);
    await vi.advanceTimersByTimeAsync(1);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(1_000);
    const [ofPoison, ...ofGood] = await outcomes;
    expect([ofPoison, ofGood.filter(Boolean).length]).toEqual([false, 63]);
    await expect(poison).rejects.toMatchObject({ code: 'SESSION_LOST' });
    await runtime.close();
    expect(upstream.ended).toBe(upstream.opened);
  });

  it('is not repeated where it may have had its effect', async () => {
    const { runtime } = await memoryRuntime(upstream, { effect: 'once' });
    const call = runtime.call('memory.call', { kill: true });
    await expect(call).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(upstream.calls).toHaveLength(1);
    await runtime.close();
  });
});

describe('a session lost between calls', () => {
  it('is replaced by one, for 32 callers at once, and no call runs twice', async () => {
    const { runtime, events } = await memoryRuntime(upstream, { metadata: { session_scope: 'shared' } });
    await runtime.call('memory.call');
    for (const session of upstream.open.values()) session.onLost(new Error('gone'));
    const calls = Array.from({ length: 32 }, (_, n) =>
      runtime.call('memory.call', { n }, { caller: { subject: `${n}` } }),
    );
    await Promise.all(calls);
    expect(upstream.opened).toBe(2);
    expect(upstream.calls).toHaveLength(33);
    expect(events.filter(({ type }) => type === 'session-lost')).toHaveLength(1);
    await runtime.close();
  });

  it('whose opening ends with it fails the call, which reaches nobody', async () => {
    const { runtime } = await memoryRuntime(upstream);
    upstream.refuseOpening = new Refusal({ kind: 'session-lost', sent: false });
    await expect(runtime.call('memory.call')).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' });
    expect(upstream.calls).toHaveLength(0);
    await runtime.close();
  });
});

describe('an upstream that is down', () => {
  it('costs one probe per pause for all that wait, and serves them when it is back', async () => {
    upstream.refuseOpening = down();
    const { runtime } = await memoryRuntime(upstream);
    const gate = Promise.withResolvers<void>();
    upstream.openingGate = gate.promise;
    const calls = Promise.all(
      Array.from({ length: 100 }, (_, n) => runtime.call('memory.call', {}, { caller: { subject: `caller ${n}` } })),
    );
    gate.resolve();
    await vi.advanceTimersByTimeAsync(3_000);
    // The first hundred began before anybody knew; then pauses grow from 0.1 s, with one probe each.
    expect(upstream.opened).toBeGreaterThan(100);
    expect(upstream.opened).toBeLessThan(120);
    upstream.refuseOpening = undefined;
    const probes = upstream.opened;
    await vi.advanceTimersByTimeAsync(6_000);
    await calls;
    expect(upstream.opened).toBe(probes + 100);
    await runtime.close();
  });

  it('is reported with its own error to who waited in vain, and left alone for a while', async () => {
    upstream.refuseOpening = down();
    const { runtime } = await memoryRuntime(upstream);
    const first = expect(runtime.call('memory.call')).rejects.toMatchObject({
      code: 'UPSTREAM_ERROR',
      message: expect.stringContaining('refused: transient'),
    });
    await vi.advanceTimersByTimeAsync(10_000);
    await first;
    upstream.refuseOpening = new Refusal({ kind: 'transient', sent: false, retryAfterMs: 45_000 });
    const second = expect(runtime.call('memory.call')).rejects.toMatchObject({
      code: 'OVERLOADED',
      retryAfterMs: 45_000,
    });
    await vi.advanceTimersByTimeAsync(9_000);
    await second;
    const { opened } = upstream;
    await expect(runtime.call('memory.call')).rejects.toMatchObject({
      code: 'CIRCUIT_OPEN',
      retryAfterMs: expect.any(Number),
    });
    expect(upstream.opened).toBe(opened);
    upstream.refuseOpening = undefined;
    await vi.advanceTimersByTimeAsync(45_000);
    await runtime.call('memory.call');
    await runtime.close();
  });

  it('closes no door for other upstreams', async () => {
    const { runtime } = await memoryRuntime(upstream, {
      manifests: ['down', 'up'].map((place) => ({ id: `memory.${place}`, metadata: { memory_place: place } })),
    });
    await runtime.call('memory.up');
    upstream.refuseOpening = down();
    const failing = runtime.call('memory.down').catch(() => {});
    await vi.advanceTimersByTimeAsync(500);
    expect((await runtime.call('memory.up')).call.session).toBe('reused');
    await vi.advanceTimersByTimeAsync(10_000);
    await failing;
    await runtime.close();
  });
});

describe('calls that fail again and again', () => {
  async function fail(runtime: Runtime, subject: string, times: number): Promise<void> {
    for (let time = 0; time < times; time++) {
      upstream.refusals.push(new Refusal({ kind: 'transient', sent: true }));
      const call = runtime.call('memory.call', { refuse: true }, { caller: { subject } });
      await expect(call).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
      await vi.advanceTimersByTimeAsync(1);
    }
  }

  it('open the breaker of their pool key, and of no other', async () => {
    const { runtime } = await memoryRuntime(upstream, { effect: 'once' });
    await fail(runtime, 'ann', 5);
    const call = (subject: string) => runtime.call('memory.call', {}, { caller: { subject } });
    await expect(call('ann')).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', retryAfterMs: expect.any(Number) });
    await call('bob');
    await vi.advanceTimersByTimeAsync(60_000);
    await call('ann');
    await call('ann');
    await runtime.close();
  });

  it('wait for the breaker where they were accepted before it opened', async () => {
    const { runtime } = await memoryRuntime(upstream);
    upstream.refusals.push(...Array.from({ length: 5 }, () => new Refusal({ kind: 'transient', sent: true })));
    const first = expect(runtime.call('memory.call', { refuse: true })).rejects.toMatchObject({
      code: 'UPSTREAM_ERROR',
    });
    await vi.advanceTimersByTimeAsync(1_000);
    await first;
    const second = runtime.call('memory.call', { refuse: true });
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await second).call.attempts).toBe(3);
    await runtime.close();
  });

  it('open no breaker where the caller got them wrong', async () => {
    const { runtime } = await memoryRuntime(upstream);
    for (let call = 0; call < 30; call++) {
      upstream.refusals.push(new Refusal({ kind: 'caller', sent: true }));
      await expect(runtime.call('memory.call', { refuse: true })).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' });
    }
    await runtime.call('memory.call');
    await runtime.close();
  });
});

describe('an opening', () => {
  it('that the upstream refuses for now is made again when the upstream says', async () => {
    upstream.refuseOpening = new Refusal({ kind: 'transient', sent: false, retryAfterMs: 3_000 });
    const { runtime } = await memoryRuntime(upstream);
    const call = runtime.call('memory.call');
    await vi.advanceTimersByTimeAsync(2_900);
    expect(upstream.opened).toBe(1);
    upstream.refuseOpening = undefined;
    await vi.advanceTimersByTimeAsync(200);
    expect((await call).call).toMatchObject({ attempts: 1, session: 'new' });
    expect(upstream.opened).toBe(2);
    await runtime.close();
  });

  it('that ends with the session’s end fails at once, and costs the next callers one try per pause', async () => {
    upstream.refuseOpening = new Refusal({ kind: 'session-lost', sent: false });
    const { runtime } = await memoryRuntime(upstream);
    await expect(runtime.call('memory.call')).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' });
    const calls = Array.from({ length: 20 }, (_, n) =>
      passed(runtime.call('memory.call', {}, { caller: { subject: `${n}` } })),
    );
    await vi.advanceTimersByTimeAsync(50);
    expect(upstream.opened).toBe(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect((await Promise.all(calls)).some(Boolean)).toBe(false);
    expect(upstream.opened).toBeLessThan(25);
    await runtime.close();
  });

  it('that takes too long is given up, and what it opens after all is ended', async () => {
    const gate = Promise.withResolvers<void>();
    upstream.openingGate = gate.promise;
    const { runtime, events } = await memoryRuntime(upstream, { sessions: { createTimeoutMs: 1_000 } });
    const call = runtime.call('memory.call');
    await vi.advanceTimersByTimeAsync(1_500);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(2_000);
    expect((await call).call.session).toBe('new');
    expect(events.filter(({ type }) => type === 'session-terminated')).toMatchObject([
      { session: 'memory-1', reason: 'evicted' },
    ]);
    await runtime.close();
    expect(upstream.ended).toBe(upstream.opened);
  });
});
