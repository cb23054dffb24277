import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { Metadata } from '@capstan/provider';
import { definitionDigest } from '../src/discover/definition-digest.ts';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { type ChangingServer, startChangingLegacy, startChangingModern } from './servers/changing-servers.ts';
import { discovered, send, startMethodServer, stream } from './servers/method-server.ts';
import { legacyAnswer, startScriptedServer } from './servers/scripted-server.ts';

const firstDigest = definitionDigest({ name: 'echo', description: 'first', inputSchema: { type: 'object' } });

async function subscribed(start: () => Promise<ChangingServer>, metadata: Metadata = {}) {
  const server = await start();
  const harness = createHarness();
  const { mcp_tool_name: _tool, ...shared } = capabilityOf({
    mcp_server_url: server.url,
    mcp_subscribe: true,
  }).metadata;
  const tool = capabilityOf({}, { metadata: { ...shared, mcp_tool_name: 'echo', ...metadata } });
  const resource = capabilityOf({}, { metadata: { ...shared, mcp_resource_uri: 'test://note' } });
  const session = await harness.open(tool);
  return {
    ...harness,
    server,
    tool,
    resource,
    session,
    /** Does it again until the change was heard: the stream opens while the session is used already. */
    heard: async (change: () => void, expected: object): Promise<void> => {
      await expect
        .poll(() => {
          change();
          return harness.changes.map(({ what, name }) => ({ what, ...(name && { name }) }));
        })
        .toContainEqual(expected);
    },
    async [Symbol.asyncDispose]() {
      // A server that is gone confirms nothing.
      await harness.plugin.terminateSession(session, 'idle').catch(() => undefined);
      await server[Symbol.asyncDispose]();
    },
  };
}

describe.each([
  ['legacy', startChangingLegacy],
  ['modern', startChangingModern],
] as const)('on a %s server', (era, start) => {
  const streams = (seen: readonly string[]): number =>
    seen.filter((method) => method === (era === 'legacy' ? 'GET' : 'subscriptions/listen')).length;

  test('tells what changed', async () => {
    await using host = await subscribed(start);
    const { server, heard, changes } = host;
    await heard(server.toolsChanged, { what: 'catalog' });
    await heard(server.promptsChanged, { what: 'prompt' });
    changes.length = 0;
    await heard(server.resourcesChanged, { what: 'catalog' });
    expect(changes[0]).toMatchObject({
      provider: 'mcp',
      upstream: ['http', server.url, expect.anything(), expect.anything(), 'subscribed'],
    });
    expect(streams(server.seen)).toBe(1);
  });

  test('follows a resource from its first reading on', async () => {
    await using host = await subscribed(start);
    const { server, heard, plugin, session, resource } = host;
    await plugin.executeWithSession(session, invocationOf(resource));
    await plugin.executeWithSession(session, invocationOf(resource));
    expect(server.offer.subscribed).toEqual(era === 'legacy' ? ['test://note'] : []);
    const update = () => server.resourceUpdated('test://note');
    await heard(update, { what: 'resource', name: 'test://note' });
  });

  test('opens the stream again when it is lost', { timeout: 20_000 }, async () => {
    await using host = await subscribed(start);
    const { server, heard, changes } = host;
    await heard(server.toolsChanged, { what: 'catalog' });
    server.cutStreams();
    await expect.poll(() => streams(server.seen), { timeout: 10_000 }).toBe(2);
    changes.length = 0;
    await heard(server.toolsChanged, { what: 'catalog' });
  });

  test('ends it with the session', async () => {
    const host = await subscribed(start);
    await host.heard(host.server.toolsChanged, { what: 'catalog' });
    await host.plugin.terminateSession(host.session, 'idle');
    const before = host.server.seen.length;
    host.changes.length = 0;
    host.server.toolsChanged();
    await host.server[Symbol.asyncDispose]();
    expect([host.changes, host.server.seen.length]).toEqual([[], before]);
  });

  test('is no mere record while it listens', async () => {
    await using host = await subscribed(start);
    expect(host.plugin.describeSession?.(host.session)).toMatchObject({ light: false });
  });

  test('looks at the definition of a pinned tool again when the tools changed', async () => {
    await using host = await subscribed(start, { mcp_definition_sha256: firstDigest });
    const { server, heard, plugin, session, tool } = host;
    const call = () => plugin.executeWithSession(session, invocationOf(tool));
    await call();
    await call();
    expect(server.seen.filter((method) => method === 'tools/list')).toHaveLength(1);
    server.offer.description = 'second';
    await heard(server.toolsChanged, { what: 'catalog' });
    const { error, verdict } = await failureOf(plugin, call());
    expect(error).toMatchObject({ code: 'DEFINITION_CHANGED' });
    expect(verdict).toEqual({ kind: 'caller', sent: false });
    expect(server.seen.filter((method) => method === 'tools/call')).toHaveLength(2);
  });

  test('a pinned tool is not called where the list of tools cannot be had, and nothing was sent then', async () => {
    await using host = await subscribed(start, { mcp_definition_sha256: firstDigest });
    const { server, plugin, session, tool } = host;
    await server[Symbol.asyncDispose]();
    const { verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(tool)));
    expect(verdict).toMatchObject({ kind: 'transient', sent: false });
  });

  test('without mcp_subscribe there is no stream', async () => {
    await using server = await start();
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url });
    const session = await open(capability);
    await plugin.executeWithSession(session, invocationOf(capability));
    await plugin.terminateSession(session, 'idle');
    expect(streams(server.seen)).toBe(0);
  });
});

test.each(['legacy', 'modern'])('a change is heard over stdio (%s)', async (era) => {
  const script = fileURLToPath(new URL('./servers/changing-stdio.ts', import.meta.url));
  const { plugin, open, changes } = createHarness();
  const capability = capabilityOf(
    {
      mcp_command: process.execPath,
      mcp_args: ['--conditions=capstan-source', script, era].join('\n'),
      mcp_subscribe: true,
    },
    { source: { file: script, line: 1, column: 1 } },
  );
  const session = await open(capability);
  await expect
    .poll(async () => {
      await plugin.executeWithSession(session, invocationOf(capability));
      return changes;
    })
    .toContainEqual(expect.objectContaining({ what: 'catalog' }));
  await plugin.terminateSession(session, 'idle');
});

test('a change that is told on the stream of a call is heard without any other', async () => {
  await using server = await startChangingLegacy();
  const { plugin, open, changes } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  const session = await open(capability);
  await plugin.executeWithSession(session, invocationOf(capability, { change: true }));
  expect(changes).toMatchObject([{ what: 'catalog' }]);
  await plugin.terminateSession(session, 'idle');
});

test.each([
  [503, 2],
  [500, 2],
  [405, 1],
])('where the stream of a legacy server is answered with %i it is asked for %i times', async (status, times) => {
  let asked = 0;
  await using server = await startScriptedServer((request) => {
    if (request.httpMethod !== 'GET') return legacyAnswer(request);
    asked += 1;
    return asked === 1 ? { status } : { status: 405 };
  });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy', mcp_subscribe: true });
  const session = await open(capability);
  await expect.poll(() => asked, { timeout: 5000 }).toBe(times);
  await plugin.executeWithSession(session, invocationOf(capability));
  await plugin.terminateSession(session, 'idle');
  expect(asked).toBe(times);
});

test('resources that are first read at the same time do not wait for each other', async () => {
  await using server = await startMethodServer({
    'server/discover': discovered,
    'subscriptions/listen': ({ params }, response) => {
      const method = 'notifications/subscriptions/acknowledged';
      stream(response, { jsonrpc: '2.0', method, params: { notifications: params['notifications'] } });
    },
    'resources/read': ({ id }, response) =>
      send(response, { jsonrpc: '2.0', id, result: { resultType: 'complete', contents: [] } }),
  });
  const { plugin, open } = createHarness();
  const capabilities = ['test://1', 'test://2', 'test://3'].map((mcp_resource_uri) =>
    capabilityOf({}, { metadata: { mcp_server_url: server.url, mcp_subscribe: true, mcp_resource_uri } }),
  );
  const [first] = capabilities;
  if (first === undefined) throw new TypeError('There is none.');
  const session = await open(first);
  const startedAt = performance.now();
  await Promise.all(capabilities.map((each) => plugin.executeWithSession(session, invocationOf(each))));
  expect(performance.now() - startedAt).toBeLessThan(2000);
  await plugin.terminateSession(session, 'idle');
});
