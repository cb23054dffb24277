import type { JsonValue } from '@capstan/provider';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LegacyServer, startLegacyServer } from '../../packages/provider-mcp/test/servers/legacy-server.ts';
import { capabilityOf, mcpRuntime } from './mcp-runtime.ts';

const id = 'mcp.test.echo';
let server: LegacyServer;

beforeEach(async () => {
  server = await startLegacyServer();
});

afterEach(async () => {
  await server.close();
});

describe('the MCP handler', () => {
  it('correlates ids, maps errors and takes values to JSON and back', async () => {
    const tool = (name: string) => ({ id: `mcp.test.${name}`, metadata: { mcp_tool_name: name } });
    const { runtime } = await mcpRuntime(server.url, {
      manifests: [
        { metadata: { mcp_server_url: server.url }, capabilities: ['echo', 'get_me', 'fail', 'none'].map(tool) },
      ],
    });
    const values: JsonValue = {
      nothing: null,
      yes: true,
      n: -1.5e-7,
      big: 2 ** 53,
      deep: [[], [{ a: ['æ 😀 \u0000'] }]],
    };
    const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => runtime.call(id, { n, values })));
    expect(answers.map(({ output }) => JSON.parse(output as string) as unknown)).toEqual(
      answers.map((_, n) => ({ n, values })),
    );
    expect((await runtime.call('mcp.test.get_me')).output).toEqual({ login: 'octocat' });
    expect(await runtime.call('mcp.test.fail')).toMatchObject({ isError: true, output: 'it did not work' });
    await expect(runtime.call('mcp.test.none')).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' });
    expect(server.counts.initialize).toBe(1);
    await runtime.close();
  });

  it.each<[string, unknown, string]>([
    ['a bigint', { list: [0, { n: 1n }] }, '/list/1/n'],
    ['bytes', { file: new Uint8Array([1, 2]) }, '/file'],
    ['a buffer', { file: { content: Buffer.from('x') } }, '/file/content'],
    ['a date', { at: new Date(0) }, '/at'],
    ['a map', [new Map([['a', 1]])], '/0'],
    ['a number without a value', { n: Number.NaN }, '/n'],
    ['a function', { f: () => 1 }, '/f'],
    ['a hole in a list', { list: [undefined] }, '/list/0'],
    ['a bigint alone', 1n, '/'],
  ])(
    'gets nothing that JSON cannot carry: %s is refused with its path before anything is sent',
    async (_, input, path) => {
      const { runtime, events, pluginCalls } = await mcpRuntime(server.url);
      await expect(runtime.call(id, input as JsonValue)).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: expect.stringContaining(path),
        details: { problems: [{ path }] },
      });
      await runtime.close();
      expect([pluginCalls, server.counts.requests, events.map(({ type }) => type)]).toEqual([[], 0, ['call-end']]);
    },
  );

  it('reads its token from the environment for each call, and leaves it nowhere', async () => {
    const [first, second] = ['canary-first-token', 'canary-second-token'];
    server.expectToken(first);
    const environment: Record<string, string> = { ECHO_TOKEN: first };
    const logged: unknown[] = [];
    const { runtime, events } = await mcpRuntime(server.url, {
      environment,
      metadata: { mcp_auth_env_var: 'ECHO_TOKEN' },
      logger: { log: (...entry) => logged.push(entry) },
    });
    const results = [await runtime.call(id, { text: first })];
    server.expectToken(second);
    environment['ECHO_TOKEN'] = second;
    results.push(await runtime.call(id, { text: second }));
    expect(results[1]?.call).toMatchObject({ session: 'reused', attempts: 1 });
    expect(server.counts).toMatchObject({ initialize: 1, unauthorized: 0 });
    const key = runtime.providers[0]?.sessionKey(capabilityOf(runtime, id), { subject: 'host' });
    expect(key?.identity).toEqual({ kind: 'static', envVars: ['ECHO_TOKEN'] });
    await runtime.close();
    const left = JSON.stringify([
      key,
      results,
      events,
      logged,
      runtime.sessions?.list(),
      await runtime.exportMetrics(),
    ]);
    expect(left).not.toContain('canary');
  });
});
