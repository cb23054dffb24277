import { expect, test } from 'vitest';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { answerTo, hello, send, startMethodServer, stream } from './servers/method-server.ts';

const never = (): void => undefined;

test.each(['the signal', 'the limit of the handshake'])(
  'a server that never takes `initialized` is waited for until %s says enough',
  async (what) => {
    await using server = await startMethodServer({
      initialize: (request, response) => hello(request, response, 'kept'),
      'notifications/initialized': never,
    });
    const { plugin, open } = createHarness({ limits: { timeoutMs: what === 'the signal' ? 10_000 : 300 } });
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' });
    const signal = what === 'the signal' ? AbortSignal.timeout(300) : new AbortController().signal;
    const { error, verdict } = await failureOf(plugin, open(capability, { signal }));
    expect([error.code, verdict.sent]).toEqual(['TIMEOUT', false]);
    // Nor does the session stay that the server opened.
    expect(server.seen).toEqual(['initialize', 'notifications/initialized', 'DELETE']);
  },
);

test('a session that a server opened for a handshake that failed is ended', async () => {
  await using server = await startMethodServer({
    initialize: (request, response) => hello(request, response, 'kept', '1999-01-01'),
  });
  const { plugin, open } = createHarness();
  await failureOf(plugin, open(capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' })));
  expect(server.seen).toEqual(['initialize', 'DELETE']);
});

test('a server that takes neither the cancellation nor answers holds no connection', async () => {
  await using server = await startMethodServer({ 'tools/call': never, 'notifications/cancelled': never });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' });
  const session = await open(capability);
  const controller = new AbortController();
  const call = failureOf(
    plugin,
    plugin.executeWithSession(session, invocationOf(capability, {}, { signal: controller.signal })),
  );
  await expect.poll(() => server.seen).toContain('tools/call');
  controller.abort();
  expect((await call).error.code).toBe('CANCELLED');
  await expect.poll(() => server.seen).toContain('notifications/cancelled');
  await expect.poll(() => server.open, { timeout: 5000 }).toBe(0);
});

test('a call that is cancelled while it waits for a connection is never sent', async () => {
  await using server = await startMethodServer({ 'tools/call': never });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' });
  const session = await open(capability);
  const calls = Array.from({ length: 33 }, () => {
    const controller = new AbortController();
    const invocation = invocationOf(capability, {}, { signal: controller.signal });
    return { controller, ended: failureOf(plugin, plugin.executeWithSession(session, invocation)) };
  });
  const sent = () => server.seen.filter((name) => name === 'tools/call').length;
  await expect.poll(sent).toBe(32);
  for (const { controller } of calls.toReversed()) controller.abort();
  await Promise.all(calls.map(({ ended }) => ended));
  await expect.poll(() => server.open).toBe(0);
  expect(sent()).toBe(32);
});

test('streams that last hold no connection that calls wait for', async () => {
  let opened = 0;
  await using server = await startMethodServer({
    initialize: (request, response) => hello(request, response, `session ${(opened += 1)}`),
    GET: (_request, response) => void stream(response),
    'tools/call': (request, response) => stream(response, answerTo(request)).end(),
  });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy', mcp_subscribe: true });
  const sessions = await Promise.all(Array.from({ length: 40 }, () => open(capability)));
  await expect.poll(() => server.seen.filter((name) => name === 'GET').length).toBe(40);
  const calls = sessions.map((session) => plugin.executeWithSession(session, invocationOf(capability)));
  expect(new Set((await Promise.all(calls)).map(({ output }) => output))).toEqual(new Set(['ok']));
  await Promise.all(sessions.map((session) => plugin.terminateSession(session, 'idle')));
  await expect.poll(() => server.open).toBe(0);
});

test('a call was not sent where the list of tools before it could not be had', async () => {
  await using server = await startMethodServer({
    initialize: ({ id }, response) => {
      const capabilities = { tools: {}, tasks: { requests: { tools: { call: {} } } } };
      send(response, { jsonrpc: '2.0', id, result: { protocolVersion: '2025-11-25', capabilities } });
    },
    'tools/list': (_request, response) => void response.writeHead(503).end(),
  });
  const { plugin, open } = createHarness();
  const metadata = { mcp_server_url: server.url, mcp_protocol: 'legacy', mcp_client_capabilities: 'tasks' };
  const capability = capabilityOf(metadata);
  const session = await open(capability);
  const { verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(verdict).toEqual({ kind: 'transient', sent: false });
  expect(server.seen).not.toContain('tools/call');
});

test('a call without a session is not repeated where the server answered the call itself with HTTP 400', async () => {
  await using server = await startMethodServer({
    'tools/call': ({ id }, response) =>
      response.writeHead(400).end(JSON.stringify({ jsonrpc: '2.0', id, error: { code: -32603, message: 'halfway' } })),
  });
  const { plugin } = createHarness();
  const metadata = { mcp_server_url: server.url, mcp_protocol: 'legacy', mcp_requires_session: 'false' };
  const { verdict } = await failureOf(plugin, plugin.execute(invocationOf(capabilityOf(metadata))));
  expect(verdict).toEqual({ kind: 'caller', sent: true });
  expect(server.seen).toEqual(['tools/call']);
});
