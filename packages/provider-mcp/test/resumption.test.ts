import { expect, test, vi } from 'vitest';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { answerTo, hello, startMethodServer, stream } from './servers/method-server.ts';

const numbered = 'id: 1\nretry: 10\ndata: {"jsonrpc":"2.0","method":"notifications/message"}\n\n';

test.each([
  [401, 'UPSTREAM_ERROR', 'transient'],
  [404, 'SESSION_LOST', 'session-lost'],
  [405, 'UPSTREAM_ERROR', 'transient'],
  [429, 'UPSTREAM_ERROR', 'transient'],
  [503, 'UPSTREAM_ERROR', 'transient'],
] as const)('a call was sent, though its stream cannot be taken up again: HTTP %s', async (status, code, kind) => {
  await using server = await startMethodServer({
    initialize: (request, response) => hello(request, response, 'session'),
    'tools/call': (_request, response) => void stream(response, numbered).end(),
    GET: (_request, response) => void response.writeHead(status).end(),
  });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' });
  const session = await open(capability);
  const { error, verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect({ code: error.code, verdict }).toEqual({ code, verdict: { kind, sent: true } });
});

test('a call was sent, though the server is gone when its stream is to be taken up again', async () => {
  await using server = await startMethodServer({
    'tools/call': (_request, response) => {
      stream(response, numbered);
      void server.close();
    },
  });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' });
  const session = await open(capability);
  const { verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(verdict).toEqual({ kind: 'transient', sent: true });
});

test('a server whose stream for changes never lasts is asked more and more rarely, whatever it wishes', async () => {
  await using server = await startMethodServer({
    initialize: (request, response) => hello(request, response, 'session'),
    GET: (_request, response) => void stream(response, 'retry: 0\ndata:\n\n').end(),
    'tools/call': (request, response) => void stream(response, answerTo(request)).end(),
  });
  const pauses = vi.spyOn(globalThis, 'setTimeout');
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy', mcp_subscribe: true });
  const session = await open(capability);
  await expect.poll(() => server.seen.filter((name) => name === 'GET').length).toBe(4);
  await expect.poll(() => pauses.mock.calls.map(([, ms]) => ms)).toContain(1000 * 1.5 ** 3);
  await plugin.terminateSession(session, 'idle');
  pauses.mockRestore();
});
