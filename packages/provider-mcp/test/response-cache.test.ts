import { expect, test } from 'vitest';
import type { Caller, Metadata } from '@capstan/provider';
import { capabilityOf, createHarness, invocationOf } from './harness.ts';
import { discovered, send, startMethodServer } from './servers/method-server.ts';
import {
  type ChangingServer,
  type Offer,
  startChangingLegacy,
  startChangingModern,
} from './servers/changing-servers.ts';

async function reader(
  hint: Offer['hint'],
  start: () => Promise<ChangingServer> = startChangingModern,
  more: Metadata = {},
) {
  const server = await start();
  if (hint !== undefined) server.offer.hint = hint;
  const harness = createHarness();
  const metadata = { mcp_server_url: server.url, mcp_resource_uri: 'test://note', ...more };
  const capability = capabilityOf({}, { metadata });
  const sessions: Awaited<ReturnType<typeof harness.open>>[] = [];
  return {
    ...harness,
    server,
    /** Opens a session for the caller and reads in it. */
    async read(caller: Caller = { subject: 'alice' }, of = capability): Promise<unknown> {
      const session = await harness.open(of, { caller });
      sessions.push(session);
      return (await harness.plugin.executeWithSession(session, invocationOf(of, {}, { caller }))).output;
    },
    capability,
    async [Symbol.asyncDispose]() {
      await Promise.all(sessions.map((session) => harness.plugin.terminateSession(session, 'idle')));
      await server[Symbol.asyncDispose]();
    },
  };
}

const hour = 3_600_000;

test('an answer is given again as long as the server says, and that is told', async () => {
  await using host = await reader({ ttlMs: hour, cacheScope: 'private' });
  expect([await host.read(), await host.read(), await host.read()]).toEqual(['reading 1', 'reading 1', 'reading 1']);
  expect(host.server.offer.reads).toBe(1);
  expect(host.logged.filter(({ message }) => message === 'mcp.answer-reused')).toHaveLength(2);
});

test('a private answer is for the caller who got it, a public one for all', async () => {
  for (const [cacheScope, readings] of [
    ['private', ['reading 1', 'reading 2', 'reading 1', 'reading 3', 'reading 4']],
    ['public', ['reading 1', 'reading 1', 'reading 1', 'reading 1', 'reading 1']],
  ] as const) {
    await using host = await reader({ ttlMs: hour, cacheScope });
    const callers = [
      { subject: 'ann' },
      { subject: 'bob' },
      { subject: 'ann' },
      { subject: 'ann', tenant: 'a' },
      { subject: 'ann', scopes: ['admin'] },
    ];
    const found: unknown[] = [];
    for (const caller of callers) found.push(await host.read(caller));
    expect(found).toEqual(readings);
  }
});

test('an answer is not kept where the server does not say so, nor longer than it says', async () => {
  for (const hint of [undefined, { ttlMs: 0, cacheScope: 'public' as const }]) {
    await using host = await reader(hint);
    expect([await host.read(), await host.read()]).toEqual(['reading 1', 'reading 2']);
  }
  await using host = await reader({ ttlMs: 100, cacheScope: 'public' });
  await host.read();
  await expect.poll(() => host.read()).toBe('reading 2');
});

test('nothing is kept of a legacy server', async () => {
  await using host = await reader({ ttlMs: hour, cacheScope: 'public' }, startChangingLegacy);
  expect([await host.read(), await host.read()]).toEqual(['reading 1', 'reading 2']);
});

test('another resource, another server’s, or another manner of asking has its own', async () => {
  await using host = await reader({ ttlMs: hour, cacheScope: 'public' });
  await host.read();
  const other = { ...host.capability, metadata: { ...host.capability.metadata, mcp_resource_uri: 'test://other' } };
  const logging = { ...host.capability, metadata: { ...host.capability.metadata, mcp_log_level: 'debug' } };
  expect([await host.read({}, other), await host.read({}, logging)]).toEqual(['reading 2', 'reading 3']);
});

test.each([
  ['is updated', (server: ChangingServer) => server.resourceUpdated('test://note')],
  ['is listed anew', (server: ChangingServer) => server.resourcesChanged()],
])('an answer is forgotten when its resource %s', async (_, change) => {
  await using host = await reader({ ttlMs: hour, cacheScope: 'public' }, startChangingModern, { mcp_subscribe: true });
  expect(await host.read()).toBe('reading 1');
  await expect
    .poll(() => {
      change(host.server);
      return host.read();
    })
    .not.toBe('reading 1');
});

test.each([
  ['a question', { resultType: 'input_required', requestState: 'of alice', inputRequests: {} }],
  ['what cannot be read', { resultType: 'complete', contents: 'none' }],
])('%s is not kept, whatever the server says', async (_, result) => {
  await using server = await startMethodServer({
    'server/discover': discovered,
    'resources/read': ({ id }, response) =>
      send(response, { jsonrpc: '2.0', id, result: { ...result, ttlMs: hour, cacheScope: 'public' } }),
  });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({}, { metadata: { mcp_server_url: server.url, mcp_resource_uri: 'test://note' } });
  const session = await open(capability);
  for (const subject of ['alice', 'bob']) {
    const invocation = invocationOf(capability, {}, { caller: { subject }, inputMode: 'return' });
    await plugin.executeWithSession(session, invocation).catch(() => undefined);
  }
  expect(server.seen.filter((name) => name === 'resources/read')).toHaveLength(2);
});
