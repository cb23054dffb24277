import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { counterProvider } from '../support/counter-provider.ts';
import { counterRuntime } from '../support/counter-runtime.ts';
import { CounterServer } from '../support/counter-server.ts';

let server: CounterServer;

beforeEach(async () => {
  server = await CounterServer.start();
});

afterEach(async () => {
  vi.useRealTimers();
  await server[Symbol.asyncDispose]();
});

describe('sharing', () => {
  it('opens one session for a first call and reuses it for the second', async () => {
    const { runtime } = await counterRuntime(server);
    const first = await runtime.call('counter.count');
    const second = await runtime.call('counter.count');
    expect([first.call.session, second.call.session]).toEqual(['new', 'reused']);
    expect(server.counts).toMatchObject({ opened: 1, calls: 2 });
    await runtime.close();
    expect(server.counts.closed).toBe(1);
  });

  it('shares the session with another capability of the same upstream', async () => {
    const { runtime } = await counterRuntime(server, [{ id: 'counter.one' }, { id: 'counter.two' }]);
    await runtime.call('counter.one');
    await runtime.call('counter.two');
    expect(server.counts.opened).toBe(1);
    await runtime.close();
  });

  it('opens one session for 1,000 first calls at once', async () => {
    const { runtime } = await counterRuntime(server);
    const results = await Promise.all(Array.from({ length: 1_000 }, () => runtime.call('counter.count')));
    expect(results.filter(({ call }) => call.session === 'new')).toHaveLength(1);
    expect(server.counts).toMatchObject({ opened: 1, calls: 1_000 });
    await runtime.close();
  });

  it('gives callers sessions of their own, unless the manifest says shared', async () => {
    const { runtime } = await counterRuntime(server, [
      { id: 'counter.private' },
      { id: 'counter.shared', metadata: { session_scope: 'shared' } },
    ]);
    for (const id of ['counter.private', 'counter.shared']) {
      for (const subject of ['ann', 'bob']) await runtime.call(id, {}, { caller: { subject } });
    }
    expect(server.counts.opened).toBe(3);
    await runtime.close();
  });

  it('opens and ends a session for each call where the scope is call, or the caller is unknown', async () => {
    const { runtime } = await counterRuntime(server, [
      { id: 'counter.alone', metadata: { session_scope: 'call' } },
      { id: 'counter.anonymous' },
    ]);
    await runtime.call('counter.alone');
    await runtime.call('counter.alone');
    await runtime.call('counter.anonymous', {}, { caller: {} });
    expect(server.counts.opened).toBe(3);
    await runtime.close();
    expect(server.counts.closed).toBe(3);
  });

  it('keeps conversations apart', async () => {
    const { runtime } = await counterRuntime(server, [{ metadata: { session_scope: 'conversation' } }]);
    for (const conversationId of ['a', 'a', 'b']) await runtime.call('counter.count', {}, { conversationId });
    expect(server.counts.opened).toBe(2);
    await runtime.close();
  });
});

describe('recovery', () => {
  it('opens one new session after the upstream forgot the last one, and the call succeeds', async () => {
    const { runtime } = await counterRuntime(server);
    await runtime.call('counter.count');
    server.sessions.clear();
    const result = await runtime.call('counter.count');
    expect(result.call).toMatchObject({ attempts: 2, session: 'new' });
    expect(server.counts.opened).toBe(2);
    await runtime.close();
  });

  it('opens one new session for 64 calls that lose theirs together', async () => {
    const { runtime } = await counterRuntime(server);
    await runtime.call('counter.count');
    server.sessions.clear();
    const results = await Promise.all(Array.from({ length: 64 }, () => runtime.call('counter.count')));
    expect(results).toHaveLength(64);
    expect(server.counts).toMatchObject({ opened: 2, calls: 65 });
    await runtime.close();
  });

  it('repeats a read that was sent on the lost session, and never a once', async () => {
    const { runtime } = await counterRuntime(server, [
      { id: 'counter.read', effect: 'read' },
      { id: 'counter.once', effect: 'once' },
    ]);
    server.callFailures.push(410);
    expect((await runtime.call('counter.read')).call.attempts).toBe(2);
    server.callFailures.push(410);
    await expect(runtime.call('counter.once')).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(server.counts.calls).toBe(3);
    await runtime.close();
  });

  it('gives every attempt of a keyed call the same idempotency key', async () => {
    const { runtime } = await counterRuntime(server, [{ effect: 'keyed' }]);
    server.callFailures.push(410);
    expect((await runtime.call('counter.count')).call.attempts).toBe(2);
    await runtime.call('counter.count');
    await runtime.call('counter.count', {}, { idempotencyKey: 'mine' });
    const [first, second, next, mine] = server.idempotencyKeys;
    expect(first).toMatch(/^[0-9a-f-]{36}$/);
    expect(second).toBe(first);
    expect(next).not.toBe(first);
    expect(mine).toBe('mine');
    await runtime.close();
  });

  it('fails the second time a call loses its session', async () => {
    const { runtime } = await counterRuntime(server, [{ effect: 'read' }]);
    server.callFailures.push(410, 410);
    await expect(runtime.call('counter.count')).rejects.toMatchObject({ code: 'SESSION_LOST', retryable: true });
    expect(server.counts).toMatchObject({ opened: 2, calls: 2 });
    await runtime.close();
  });

  it('repeats a read twice while the upstream fails, then reports the failure', async () => {
    const { runtime } = await counterRuntime(server, [{ effect: 'read' }]);
    server.callFailures.push(500, 503);
    expect((await runtime.call('counter.count')).call.attempts).toBe(3);
    server.callFailures.push(500, 500, 500);
    await expect(runtime.call('counter.count')).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' });
    expect(server.counts).toMatchObject({ opened: 1, calls: 6 });
    await runtime.close();
  });

  it('does not repeat what the caller got wrong', async () => {
    const { runtime } = await counterRuntime(server, [{ effect: 'read' }]);
    server.callFailures.push(422);
    await expect(runtime.call('counter.count')).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' });
    expect(server.counts.calls).toBe(1);
    await runtime.close();
  });
});

describe('ending', () => {
  it('ends an idle session', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
    const { runtime, events } = await counterRuntime(server, [{}], { sessions: { idleTimeoutMs: 60_000 } });
    await runtime.call('counter.count');
    const ended = vi.waitUntil(() => events.find(({ type }) => type === 'session-terminated'));
    await vi.advanceTimersByTimeAsync(50_000);
    expect(server.counts.closed).toBe(0);
    await vi.advanceTimersByTimeAsync(25_000);
    expect(await ended).toMatchObject({ reason: 'idle', confirmed: true, calls: 1 });
    await runtime.call('counter.count');
    expect(server.counts.opened).toBe(2);
    await runtime.close();
  });

  it('ends a session by its id, once', async () => {
    const { runtime } = await counterRuntime(server);
    await runtime.call('counter.count');
    const [entry] = runtime.sessions?.list() ?? [];
    await Promise.all([
      runtime.sessions?.terminateSession(entry?.id ?? ''),
      runtime.sessions?.terminateSession(entry?.id ?? ''),
    ]);
    expect(server.counts.closed).toBe(1);
    expect(runtime.sessions?.list()).toMatchObject([{ state: 'closed', ended: { why: 'explicit', confirmed: true } }]);
    await runtime.close();
  });

  it('lets calls in flight end before it closes', async () => {
    const { runtime } = await counterRuntime(server);
    const gate = Promise.withResolvers<void>();
    server.gate = gate.promise;
    const calls = Array.from({ length: 20 }, () => runtime.call('counter.count', { wait: true }));
    await server.arrived(20);
    const closing = runtime.close();
    await expect(runtime.call('counter.count')).rejects.toMatchObject({ code: 'CLOSED' });
    expect(server.counts.closed).toBe(0);
    gate.resolve();
    expect(await Promise.all(calls)).toHaveLength(20);
    await closing;
    expect(server.counts.closed).toBe(1);
  });

  it('cancels calls that outlive the deadline of a close, and ends the session all the same', async () => {
    const { runtime } = await counterRuntime(server);
    server.gate = new Promise(() => {});
    const call = runtime.call('counter.count', { wait: true });
    const refused = expect(call).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await server.arrived(1);
    await runtime.close({ deadlineMs: 1 });
    await refused;
    expect(server.counts.closed).toBe(1);
  });
});

describe('waiting', () => {
  it('stops opening a session when the last call that waits for it was cancelled', async () => {
    const { runtime, events } = await counterRuntime(server);
    const controller = new AbortController();
    runtime.marketplace.events.on(({ type }) => {
      if (type === 'session-initializing') controller.abort();
    });
    await expect(runtime.call('counter.count', {}, { signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
    await runtime.close();
    expect(server.counts.closed).toBe(server.counts.opened);
    expect(events.some(({ type }) => type === 'session-initialized')).toBe(false);
  });

  it('a cancelled call leaves the session to the others', async () => {
    const { runtime } = await counterRuntime(server);
    const gate = Promise.withResolvers<void>();
    server.gate = gate.promise;
    const controller = new AbortController();
    const cancelled = runtime.call('counter.count', { wait: true }, { signal: controller.signal });
    const other = runtime.call('counter.count', { wait: true });
    await server.arrived(2);
    controller.abort();
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED' });
    gate.resolve();
    await other;
    expect(server.counts).toMatchObject({ opened: 1, closed: 0 });
    await runtime.close();
  });

  it('reports why a session could not be opened', async () => {
    server.token = 'right';
    const { runtime } = await counterRuntime(server);
    await expect(runtime.call('counter.count')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
    expect(server.counts).toMatchObject({ opened: 0, calls: 0 });
    await runtime.close();
  });

  it('tries to open a session again while the upstream is overloaded', async () => {
    server.failures.push({ status: 429, retryAfter: 0 });
    const { runtime } = await counterRuntime(server);
    await runtime.call('counter.count');
    expect(server.counts).toMatchObject({ refused: 1, opened: 1, calls: 1 });
    await runtime.close();
  });
});

describe('credentials', () => {
  it('renews them once for all calls that were refused', async () => {
    server.token = 'old-token';
    const environment: Record<string, string> = { COUNTER_TOKEN: 'old-token' };
    let refreshed = 0;
    const { runtime } = await counterRuntime(server, [{ metadata: { counter_auth_env_var: 'COUNTER_TOKEN' } }], {
      environment,
      providers: [
        counterProvider({
          onRefresh: async () => {
            refreshed++;
            environment['COUNTER_TOKEN'] = 'new-token';
          },
        }),
      ],
    });
    await runtime.call('counter.count');
    server.token = 'new-token';
    const results = await Promise.all(Array.from({ length: 8 }, () => runtime.call('counter.count')));
    expect(results.every(({ call }) => call.attempts <= 2)).toBe(true);
    expect(refreshed).toBe(1);
    expect(server.counts.opened).toBe(1);
    await runtime.close();
  });
});
