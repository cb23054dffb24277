import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime, type RuntimeEvent } from '@capstan/runtime';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startLegacyServer } from '../../packages/provider-mcp/test/servers/legacy-server.ts';
import { memoryRuntime, MemoryUpstream } from '../../packages/runtime/test/support/memory-provider.ts';
import { mcpRuntime } from './mcp-runtime.ts';
import { observedProvider } from './observed-provider.ts';

describe('a session', () => {
  let upstream: MemoryUpstream;

  beforeEach(() => {
    vi.useFakeTimers();
    upstream = new MemoryUpstream();
  });

  afterEach(() => {
    vi.useRealTimers();
  });

  it('that takes no new calls is retiring until its last one ended', async () => {
    const { runtime } = await memoryRuntime(upstream);
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    const long = runtime.call('memory.call', { hold: true });
    await vi.advanceTimersByTimeAsync(1);
    for (const { onStale } of upstream.open.values()) onStale();
    await runtime.call('memory.call');
    expect(runtime.sessions?.list().map(({ state }) => state)).toEqual(['retiring', 'ready']);
    gate.resolve();
    await long;
    await vi.advanceTimersByTimeAsync(1);
    expect(runtime.sessions?.list().map(({ state, ended }) => [state, ended?.why])).toEqual([
      ['closed', 'stale'],
      ['ready', undefined],
    ]);
    await runtime.close();
  });

  it('has its time of creation, and of its last activity, which each call moves when it ends', async () => {
    const { runtime } = await memoryRuntime(upstream);
    const createdAt = Date.now();
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    const call = runtime.call('memory.call', { hold: true });
    await vi.advanceTimersByTimeAsync(7_000);
    gate.resolve();
    await call;
    expect(runtime.sessions?.list()).toMatchObject([{ createdAt, lastUsedAt: createdAt + 7_000, calls: 1 }]);
    await vi.advanceTimersByTimeAsync(5_000);
    await runtime.call('memory.call');
    expect(runtime.sessions?.list()).toMatchObject([{ createdAt, lastUsedAt: createdAt + 12_000, calls: 2 }]);
    await runtime.close();
  });

  it('is validated after a pause, and replaced where it is dead', async () => {
    const { runtime } = await memoryRuntime(upstream, { sessions: { validateAfterIdleMs: 10_000 } });
    await runtime.call('memory.call');
    await vi.advanceTimersByTimeAsync(11_000);
    upstream.isValid = false;
    await runtime.call('memory.call');
    expect([upstream.validations, upstream.opened]).toEqual([1, 2]);
    expect(runtime.sessions?.list()).toMatchObject([{ ended: { why: 'lost' } }, { state: 'ready' }]);
    await runtime.close();
  });

  it('expires when it idled, not while it is used, and then a new one takes its place', async () => {
    const { runtime } = await memoryRuntime(upstream, { metadata: { session_idle_timeout_ms: 30_000 } });
    for (let use = 0; use < 4; use++) {
      await runtime.call('memory.call');
      await vi.advanceTimersByTimeAsync(20_000);
    }
    expect([upstream.opened, upstream.ended]).toEqual([1, 0]);
    await vi.advanceTimersByTimeAsync(20_000);
    expect([upstream.opened, upstream.ended]).toEqual([1, 1]);
    expect((await runtime.call('memory.call')).call.session).toBe('new');
    await runtime.close();
  });

  it('is cleaned up: nothing stays open, and the ledger forgets what ended after an hour, or 1,000 others', async () => {
    const { runtime } = await memoryRuntime(upstream, { metadata: { session_scope: 'call' } });
    for (let call = 0; call < 1_050; call++) await runtime.call('memory.call');
    await vi.advanceTimersByTimeAsync(1);
    expect([upstream.opened, upstream.ended, upstream.open.size]).toEqual([1_050, 1_050, 0]);
    const listed = runtime.sessions?.list() ?? [];
    expect([listed.length, listed[0]?.id, listed.at(-1)?.id]).toEqual([1_000, 'memory-51', 'memory-1050']);
    await vi.advanceTimersByTimeAsync(3_600_001);
    expect(runtime.sessions?.list()).toEqual([]);
    await runtime.close();
  });

  it('lives in memory: another runtime over the same upstream knows nothing of it', async () => {
    const first = await memoryRuntime(upstream);
    await first.runtime.call('memory.call');
    const second = await memoryRuntime(upstream);
    expect(second.runtime.sessions?.list()).toEqual([]);
    await second.runtime.sessions?.terminateSession('memory-1');
    await second.runtime.close();
    expect(first.runtime.sessions?.list()).toMatchObject([{ id: 'memory-1', state: 'ready' }]);
    await first.runtime.close();
  });
});

describe('a session of a real server', () => {
  it('is created, tracked and expired, and has a state at each step', async () => {
    await using server = await startLegacyServer();
    const states: (string | undefined)[] = [];
    const track = (): void => void states.push(runtime.sessions?.list()[0]?.state);
    const runtime = await createRuntime({
      manifests: [
        {
          id: 'mcp.test.echo',
          metadata: { mcp_server_url: server.url, mcp_tool_name: 'echo', session_idle_timeout_ms: 200 },
        },
      ],
      providers: [observedProvider(mcpProvider(), track)],
      environment: {},
      sessions: { sweepIntervalMs: 20 },
    });
    const expired = new Promise<RuntimeEvent>((resolve) => {
      runtime.marketplace.events.on((event) => event.type === 'session-terminated' && resolve(event));
    });
    expect(runtime.sessions?.list()).toEqual([]);
    await runtime.call('mcp.test.echo', { text: 'x' });
    track();
    expect(await expired).toMatchObject({ reason: 'idle', confirmed: true, calls: 1 });
    track();
    expect(states).toEqual(['creating', 'busy', 'ready', 'terminating', 'closed']);
    expect(server.sessionIds).toEqual([]);
    await runtime.close();
  });

  it('is looked up with its protocol version, and deleted by its id, once, also at the server', async () => {
    await using server = await startLegacyServer();
    const { runtime } = await mcpRuntime(server.url);
    const { sessions } = runtime;
    await runtime.call('mcp.test.echo', { text: 'x' });
    const [session] = sessions?.list() ?? [];
    expect(session).toMatchObject({
      provider: 'mcp',
      openedFor: 'mcp.test.echo',
      openedBy: { subject: 'host' },
      state: 'ready',
      facts: { protocolVersion: '2025-11-25', upstreamName: 'legacy-test-server', light: false },
    });
    expect(JSON.stringify(session)).not.toContain(server.sessionIds[0]);

    for (let time = 0; time < 2; time++) await sessions?.terminateSession(session?.id ?? '');
    await sessions?.terminateSession('mcp-4711');
    expect([server.counts.delete, server.sessionIds]).toEqual([1, []]);
    expect(sessions?.list()).toMatchObject([{ state: 'closed', ended: { why: 'explicit', confirmed: true } }]);
    expect((await runtime.call('mcp.test.echo', { text: 'y' })).call.session).toBe('new');
    await runtime.close();
  });
});
