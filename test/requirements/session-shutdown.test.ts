import { describe, expect, it } from 'vitest';
import { startLegacyServer } from '../../packages/provider-mcp/test/servers/legacy-server.ts';
import { memoryRuntime, MemoryUpstream } from '../../packages/runtime/test/support/memory-provider.ts';
import { mcpRuntime } from './mcp-runtime.ts';

const id = 'mcp.test.echo';

describe('a graceful shutdown', () => {
  it('lets calls in flight end, takes no new ones, and ends the session at the server', async () => {
    await using server = await startLegacyServer();
    const { runtime } = await mcpRuntime(server.url, { metadata: { mcp_tool_name: 'slow' } });
    const underWay = Promise.withResolvers<void>();
    const call = runtime.call(id, { steps: 20 }, { onProgress: () => underWay.resolve() });
    await underWay.promise;
    const closing = runtime.close();
    await expect(runtime.call(id, { steps: 1 })).rejects.toMatchObject({ code: 'CLOSED' });
    expect(server.counts.delete).toBe(0);
    expect(await call).toMatchObject({ output: '20 steps', isError: false });
    await Promise.all([closing, runtime.close()]);
    expect([server.counts.calls, server.counts.delete, server.sessionIds]).toEqual([1, 1, []]);
    expect(runtime.sessions?.list()).toMatchObject([{ state: 'closed', ended: { why: 'drain', confirmed: true } }]);
  });

  it('fails those that still wait as retryable, and reports how it went', async () => {
    const upstream = new MemoryUpstream();
    const { runtime } = await memoryRuntime(upstream, { metadata: { session_max_concurrency: 1 } });
    const gate = Promise.withResolvers<void>();
    upstream.gate = gate.promise;
    await runtime.call('memory.call');
    const held = runtime.call('memory.call', { hold: true });
    const waiting = runtime.call('memory.call');
    const refused = expect(waiting).rejects.toMatchObject({ code: 'CLOSED', retryable: true });
    expect(await runtime.sessions?.drain({ deadlineMs: 10 })).toEqual({ cutOff: 1, ended: 1, unconfirmed: 0 });
    await refused;
    gate.resolve();
    await held;
    await runtime.close();
    expect([upstream.calls.length, upstream.ended]).toEqual([2, 1]);
  });
});

describe('metrics', () => {
  it('tell the life of sessions and the calls on them, as text, without a port', async () => {
    await using server = await startLegacyServer();
    const tool = (name: string) => ({
      id: `mcp.test.${name}`,
      effect: 'read' as const,
      metadata: { mcp_tool_name: name },
    });
    const { runtime } = await mcpRuntime(server.url, {
      manifests: [{ metadata: { mcp_server_url: server.url }, capabilities: [tool('echo'), tool('fail')] }],
    });
    const before = await runtime.exportMetrics();
    expect(before).not.toMatch(/^capstan_session_created_total/m);
    for (let call = 0; call < 3; call++) await runtime.call(id, { text: 'x' });
    await runtime.call('mcp.test.fail');
    await server.dropSessions();
    await runtime.call(id, { text: 'y' });
    const living = (await runtime.exportMetrics()).split('\n');
    expect(living).toEqual(
      expect.arrayContaining([
        'capstan_session_created_total{provider="mcp"} 2',
        'capstan_session_reused_total{provider="mcp"} 4',
        'capstan_session_lost_total{provider="mcp"} 1',
        'capstan_session_recovered_total{provider="mcp"} 1',
        'capstan_call_retries_total{provider="mcp",verdict="session-lost"} 1',
        'capstan_session_count{provider="mcp",state="idle"} 1',
        'capstan_session_max{provider="mcp"} 256',
        'capstan_session_pending_requests{provider="mcp"} 0',
        'capstan_session_create_time_count{provider="mcp"} 2',
        'capstan_session_lifetime_count{provider="mcp"} 1',
        'capstan_call_duration_count{provider="mcp",session="reused",outcome="ok"} 2',
        'capstan_call_duration_count{provider="mcp",session="reused",outcome="error"} 1',
        'capstan_call_duration_count{provider="mcp",session="new",outcome="ok"} 2',
      ]),
    );
    await runtime.close();
    expect(await runtime.exportMetrics()).toMatch(/^capstan_session_lifetime_count\{provider="mcp"\} 2$/m);
  });
});
