import { fileURLToPath } from 'node:url';
import { FaultProxy } from '@capstan/provider-testkit';
import { describe, expect, it } from 'vitest';
import { startLegacyServer } from '../../packages/provider-mcp/test/servers/legacy-server.ts';
import { counterRuntime } from '../../packages/runtime/test/support/counter-runtime.ts';
import { CounterServer } from '../../packages/runtime/test/support/counter-server.ts';
import { memoryRuntime, MemoryUpstream } from '../../packages/runtime/test/support/memory-provider.ts';
import { mcpRuntime } from './mcp-runtime.ts';

const stdioServer = fileURLToPath(new URL('../../packages/provider-mcp/test/servers/stdio-server.ts', import.meta.url));

/** The same numbers, 0 up to `below`, for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe('concurrent access', () => {
  it.each([1, 2, 3, 4, 5])(
    'interleaved in any way never mixes callers and leaves no session behind: seed %i',
    async (seed) => {
      const random = randomOf(seed);
      await using server = await CounterServer.start();
      const { runtime } = await counterRuntime(server, [{ effect: 'read' }]);
      const served = new Map<string, Set<string>>();
      const refusedWith = new Set<string>();
      const call = (subject: string, signal: AbortSignal): Promise<void> =>
        runtime.call('counter.count', {}, { caller: { subject }, signal }).then(
          ({ output }) => {
            const { session } = output as { readonly session: string };
            served.set(session, (served.get(session) ?? new Set()).add(subject));
          },
          ({ code }: { readonly code: string }) => void refusedWith.add(code),
        );
      const calls: Promise<void>[] = [];
      for (let step = 0; step < 200; step++) {
        const cancel = new AbortController();
        calls.push(call(`caller ${random(4)}`, cancel.signal));
        const live = runtime.sessions?.list().filter(({ ended }) => ended === undefined) ?? [];
        const shared = live.filter(({ state }) => state === 'creating' || state === 'ready' || state === 'busy');
        expect(new Set(shared.map(({ openedBy }) => openedBy.subject)).size).toBe(shared.length);
        const action = random(8);
        if (action === 0) cancel.abort();
        if (action === 1) void runtime.sessions?.terminateSession(live[random(live.length)]?.id ?? '');
        if (action === 2) runtime.sessions?.invalidate({ provider: 'counter' });
        for (let turn = random(6); turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
      }
      await Promise.all(calls);
      expect(served.size).toBeGreaterThan(4);
      for (const subjects of served.values()) expect(subjects.size).toBe(1);
      for (const code of refusedWith) expect(['CANCELLED', 'SESSION_LOST']).toContain(code);
      await runtime.close();
      expect([server.counts.closed, server.sessions.size]).toEqual([server.counts.opened, 0]);
      expect(runtime.sessions?.list().every(({ state }) => state === 'closed')).toBe(true);
    },
  );

  it('costs one session and one handshake, however many call at once', async () => {
    await using server = await startLegacyServer();
    const { runtime } = await mcpRuntime(server.url);
    const texts = Array.from({ length: 200 }, (_, n) => `text ${n}`);
    const results = await Promise.all(texts.map((text) => runtime.call('mcp.test.echo', { text })));
    expect(results.map(({ output }) => output)).toEqual(texts);
    expect(server.counts).toMatchObject({ initialize: 1, calls: 200 });
    await runtime.close();
  });
});

describe('the bounded executor', () => {
  it('runs 1,024 openings at once, queues 8,192, refuses the next, and owns them all until close', async () => {
    const upstream = new MemoryUpstream();
    const opening = Promise.withResolvers<void>();
    upstream.openingGate = opening.promise;
    const plenty = 20_000;
    const { runtime } = await memoryRuntime(upstream, {
      sessions: { maxSessionsPerProvider: plenty, maxSessionsTotal: plenty, acquireTimeoutMs: 60_000 },
    });
    const callers = Array.from({ length: 1_024 + 8_192 }, (_, n) => ({ subject: `caller ${n}` }));
    const calls = callers.map((caller) => runtime.call('memory.call', {}, { caller }));
    await expect(runtime.call('memory.call', {}, { caller: { subject: 'one too many' } })).rejects.toMatchObject({
      code: 'OVERLOADED',
      details: { scope: 'executor', queueDepth: 8_192 },
    });
    expect(upstream.opened).toBe(1_024);
    expect(await runtime.exportMetrics()).toMatch(/^capstan_executor_queue 8192$/m);
    opening.resolve();
    await Promise.all(calls);
    await runtime.close();
    expect([upstream.opened, upstream.ended, upstream.open.size]).toEqual([9_216, 9_216, 0]);
  });
});

describe('a session and what carries it', () => {
  it('is no connection: the session outlives all the sockets of its server', async () => {
    await using server = await startLegacyServer();
    await using proxy = await FaultProxy.start(Number(new URL(server.url).port));
    const { runtime } = await mcpRuntime(server.url, {
      manifests: [
        {
          id: 'mcp.test.echo',
          effect: 'read',
          metadata: { mcp_server_url: `http://127.0.0.1:${proxy.port}/mcp`, mcp_tool_name: 'echo' },
        },
      ],
    });
    for (const text of ['before', 'after', 'later']) {
      const { output, call } = await runtime.call('mcp.test.echo', { text });
      expect([output, call.session]).toEqual([text, text === 'before' ? 'new' : 'reused']);
      proxy.cut('end');
    }
    expect(server.counts).toMatchObject({ initialize: 1, calls: 3 });
    await runtime.close();
  });

  it('is one process over stdio, for all calls of a caller, which ends with it', { timeout: 60_000 }, async () => {
    const { runtime } = await mcpRuntime('', {
      manifests: [
        {
          id: 'mcp.test.inspect',
          effect: 'read',
          metadata: {
            mcp_command: process.execPath,
            mcp_args: ['--conditions=capstan-source', stdioServer, 'dual'],
            mcp_tool_name: 'inspect',
          },
        },
      ],
    });
    const pidOf = async (subject: string): Promise<number> => {
      const { output } = await runtime.call('mcp.test.inspect', {}, { caller: { subject } });
      return (output as { readonly pid: number }).pid;
    };
    const [ann, bob, again] = await Promise.all([pidOf('ann'), pidOf('bob'), pidOf('ann')]);
    expect([again === ann, bob === ann]).toEqual([true, false]);
    expect([ann, bob].map(isRunning)).toEqual([true, true]);
    expect(runtime.sessions?.list()).toHaveLength(2);
    await runtime.close();
    expect([ann, bob].map(isRunning)).toEqual([false, false]);
  });
});
