import { SESSION_POOL } from '@capstan/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LegacyServer, startLegacyServer } from '../../packages/provider-mcp/test/servers/legacy-server.ts';
import { githubRuntime } from './github-runtime.ts';

const token = 'canary-token-20c9';
let server: LegacyServer;

beforeEach(async () => {
  server = await startLegacyServer({ token });
});

afterEach(async () => {
  await server.close();
});

const environment = (): Record<string, string> => ({ MCP_SERVER_URL: server.url, MCP_AUTH_TOKEN: token });

describe('from a manifest to a server that demands a token and a session', () => {
  it('finds, detects, delegates, initialises once, answers, reuses, shares and terminates', async () => {
    const { runtime, events } = await githubRuntime(environment());
    const capability = runtime.marketplace.get('mcp.github.get_me');
    expect(capability?.metadata).toMatchObject({
      mcp_server_url: server.url,
      mcp_server_url_override_env_var: 'MCP_SERVER_URL',
      mcp_requires_session: 'auto',
      mcp_auth_env_var: 'MCP_AUTH_TOKEN',
      mcp_tool_name: 'get_me',
    });

    const first = await runtime.call('mcp.github.get_me');
    expect(first).toMatchObject({
      output: { login: 'octocat' },
      isError: false,
      call: { session: 'new', attempts: 1 },
    });
    expect(events.map(({ type }) => type)).toEqual([
      'session-required',
      'session-delegated',
      'session-initializing',
      'session-initialized',
      'call-start',
      'call-end',
    ]);
    expect(events[0]).toMatchObject({ key: 'mcp_requires_session', value: 'auto' });

    const second = await runtime.call('mcp.github.get_me');
    const other = await runtime.call('mcp.github.list_issues', { owner: 'o', repo: 'r' });
    expect([second.call.session, other.call.session]).toEqual(['reused', 'reused']);
    expect(server.counts).toMatchObject({ initialize: 1, calls: 3, unauthorized: 0, delete: 0 });

    await runtime.close();
    expect(server.counts.delete).toBe(1);
    expect(server.sessionIds).toEqual([]);
    expect(runtime.sessions?.list()).toMatchObject([
      { state: 'closed', calls: 3, ended: { why: 'drain', confirmed: true } },
    ]);
    expect(JSON.stringify([events, first, second, other, runtime.sessions?.list()])).not.toContain(token);
  });

  it('sends nothing at all where there is no session pool', async () => {
    const { runtime } = await githubRuntime(environment(), {
      configure: (container) => container.register(SESSION_POOL, { useFactory: () => undefined }),
    });
    await expect(runtime.call('mcp.github.get_me')).rejects.toMatchObject({ code: 'SESSION_UNAVAILABLE' });
    await runtime.close();
    expect(server.counts.requests).toBe(0);
  });

  it('names the variable of a missing token, and sends nothing', async () => {
    const { runtime } = await githubRuntime({ MCP_SERVER_URL: server.url });
    await expect(runtime.call('mcp.github.get_me')).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('MCP_AUTH_TOKEN'),
    });
    await runtime.close();
    expect(server.counts.requests).toBe(0);
  });

  it('reports a refused token by the name of its variable, never its value', async () => {
    const { runtime, events } = await githubRuntime({ ...environment(), MCP_AUTH_TOKEN: 'canary-wrong-77' });
    const error = await runtime.call('mcp.github.get_me').catch((refusal: Error) => refusal);
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('MCP_AUTH_TOKEN') });
    const { message, stack, cause } = error as Error;
    expect([message, stack, String(cause), JSON.stringify(error), JSON.stringify(events)].join()).not.toContain(
      'canary',
    );
    await runtime.close();
  });

  it('opens one session for 1,000 first calls at once', async () => {
    const { runtime } = await githubRuntime(environment());
    await Promise.all(Array.from({ length: 1_000 }, () => runtime.call('mcp.github.get_me')));
    expect(server.counts).toMatchObject({ initialize: 1, calls: 1_000 });
    await runtime.close();
    expect(server.counts.delete).toBe(1);
  });

  it('initialises once more after the server was restarted between calls', async () => {
    const { runtime } = await githubRuntime(environment());
    await runtime.call('mcp.github.get_me');
    await server.dropSessions();
    expect((await runtime.call('mcp.github.get_me')).call.attempts).toBe(2);
    expect(server.counts.initialize).toBe(2);
    await runtime.close();
  });

  it('initialises once more for 64 calls that find their session gone', async () => {
    const { runtime } = await githubRuntime(environment());
    await runtime.call('mcp.github.get_me');
    await server.dropSessions();
    const results = await Promise.all(Array.from({ length: 64 }, () => runtime.call('mcp.github.get_me')));
    expect(results.every(({ isError }) => !isError)).toBe(true);
    expect(server.counts).toMatchObject({ initialize: 2, calls: 65 });
    await runtime.close();
  });

  it('runs each of 64 calls with an effect once, though all find their session gone', async () => {
    const metadata = { mcp_server_url: server.url, mcp_auth_env_var: 'MCP_AUTH_TOKEN', mcp_tool_name: 'echo' };
    const { runtime } = await githubRuntime(environment(), {
      manifests: [{ id: 'mcp.echo', effect: 'once', metadata }],
    });
    await runtime.call('mcp.echo', { text: 'first' });
    await server.dropSessions();
    const calls = Array.from({ length: 64 }, (_, n) => runtime.call('mcp.echo', { text: `${n}` }));
    const outputs = (await Promise.all(calls)).map(({ output }) => output);
    expect(outputs).toEqual(Array.from({ length: 64 }, (_, n) => `${n}`));
    expect(server.counts).toMatchObject({ initialize: 2, calls: 65 });
    await runtime.close();
  });
});
