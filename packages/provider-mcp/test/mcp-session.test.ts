import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { startLegacyServer } from './servers/legacy-server.ts';
import { startModernServer } from './servers/modern-server.ts';
import { jsonAnswer, legacyAnswer, startScriptedServer } from './servers/scripted-server.ts';

test('connects to a legacy server with two requests once its era is known', async () => {
  await using server = await startLegacyServer();
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  await plugin.terminateSession(await open(capability), 'idle');
  const before = { ...server.counts };
  const session = await open(capability);
  expect(server.counts.requests - before.requests).toBe(2);
  expect(server.counts.initialize - before.initialize).toBe(1);
  expect(server.counts.get).toBe(0);
  await plugin.terminateSession(session, 'idle');
});

test('connects to a legacy server with two requests at once where the manifest says legacy', async () => {
  await using server = await startLegacyServer();
  const { open } = createHarness();
  await open(capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' }));
  expect(server.counts.requests).toBe(2);
});

test.each(['auto', 'modern'] as const)(
  'connects to a modern server with one request, and with none again (mcp_protocol: %s)',
  async (mcp_protocol) => {
    await using server = await startModernServer();
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol });
    const first = await open(capability);
    expect(server.counts).toMatchObject({ requests: 1, discover: 1 });
    const second = await open(capability);
    expect(server.counts.requests).toBe(1);
    for (const session of [first, second])
      expect(await plugin.executeWithSession(session, invocationOf(capability, { text: 'hi' }))).toMatchObject({
        output: 'hi',
      });
    expect(server.counts.requests).toBe(3);
  },
);

test('asks a modern server about its era once for many who come at the same time', async () => {
  await using server = await startModernServer();
  const { open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  await Promise.all(Array.from({ length: 20 }, () => open(capability)));
  expect(server.counts.requests).toBe(1);
});

test('describes a legacy session by revision, name and a hash of its id, and ends it with DELETE', async () => {
  await using server = await startLegacyServer();
  const { plugin, open } = createHarness();
  const session = await open(capabilityOf({ mcp_server_url: server.url }));
  const [id = ''] = server.sessionIds;
  expect(plugin.describeSession?.(session)).toEqual({
    light: false,
    maxConcurrency: 64,
    protocolVersion: '2025-11-25',
    upstreamName: 'legacy-test-server',
    upstreamSessionHash: createHash('sha256').update(id).digest('hex').slice(0, 12),
  });
  await plugin.terminateSession(session, 'idle');
  await plugin.terminateSession(session, 'explicit');
  expect(server.counts.delete).toBe(1);
  expect(server.sessionIds).toEqual([]);
});

test.each([
  ['auto', true],
  ['required', false],
] as const)('a modern session asked for as %s is light: %s, and ends without a request', async (mode, light) => {
  await using server = await startModernServer();
  const { plugin, open, logged } = createHarness();
  const session = await open(capabilityOf({ mcp_server_url: server.url }), { mode });
  expect(plugin.describeSession?.(session)).toEqual({
    light,
    maxConcurrency: 64,
    protocolVersion: '2026-07-28',
    upstreamName: 'modern-test-server',
  });
  expect(logged.map(({ message }) => message)).toEqual(mode === 'required' ? ['mcp.no-protocol-session'] : []);
  await plugin.terminateSession(session, 'idle');
  expect(server.counts.requests).toBe(1);
});

test('a legacy server without session ids gives a light session on auto and none on required', async () => {
  await using server = await startLegacyServer({ sessions: false });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  const session = await open(capability);
  expect(plugin.describeSession?.(session)).toMatchObject({ light: true });
  expect(await plugin.executeWithSession(session, invocationOf(capability, { text: 'hi' }))).toMatchObject({
    output: 'hi',
  });
  const { error, verdict } = await failureOf(plugin, open(capability, { mode: 'required' }));
  expect(error).toMatchObject({ code: 'SESSION_UNAVAILABLE', details: { reason: 'not-issued' } });
  expect(verdict).toEqual({ kind: 'fatal', sent: false });
});

test('a legacy server that issues ids gives a session on required', async () => {
  await using server = await startLegacyServer();
  const { plugin, open } = createHarness();
  const session = await open(capabilityOf({ mcp_server_url: server.url }), { mode: 'required' });
  expect(plugin.describeSession?.(session)).toMatchObject({ light: false });
});

test.each(['sse', 'json'] as const)('carries sixteen calls at once on one session (%s answers)', async (answers) => {
  await using server = await startLegacyServer({ answers });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  const session = await open(capability);
  const texts = Array.from({ length: 16 }, (_, index) => `text ${index}`);
  const results = await Promise.all(
    texts.map((text) => plugin.executeWithSession(session, invocationOf(capability, { text }))),
  );
  expect(results.map(({ output }) => output)).toEqual(texts);
  expect(server.counts).toMatchObject({ initialize: 1, calls: 16 });
});

test('tells each of many concurrent calls its own progress and log', async () => {
  await using server = await startLegacyServer();
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  const session = await open(capability);
  const heard = await Promise.all(
    Array.from({ length: 16 }, async (_, index) => {
      const logs: unknown[] = [];
      await plugin.executeWithSession(
        session,
        invocationOf(capability, { text: `${index}` }, { onLog: (entry) => logs.push(entry) }),
      );
      return logs;
    }),
  );
  expect(heard).toEqual(
    Array.from({ length: 16 }, (_, index) => [{ level: 'info', logger: 'tools', data: `echo ${index}` }]),
  );
});

test('says that the session is lost and the call was not sent after the server forgot it', async () => {
  await using server = await startLegacyServer();
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  const session = await open(capability);
  await server.dropSessions();
  const { error, verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(error).toMatchObject({ code: 'SESSION_LOST', retryable: true, details: { status: 404 } });
  expect(verdict).toEqual({ kind: 'session-lost', sent: false });
  expect(server.counts.calls).toBe(0);
  expect(await plugin.validateSession?.(session, new AbortController().signal)).toBe(false);
  // The server keeps nothing that could be ended.
  await plugin.terminateSession(session, 'lost');
  const again = await open(capability);
  expect(await plugin.validateSession?.(again, new AbortController().signal)).toBe(true);
});

test('takes a 400 that names an unknown session for a lost session', async () => {
  await using server = await startScriptedServer((request) => {
    if (request.rpcMethod === 'tools/call')
      return jsonAnswer({ jsonrpc: '2.0', id: null, error: { code: -32000, message: 'No valid session' } }, 400);
    const answer = legacyAnswer(request);
    return { ...answer, headers: { ...answer.headers, 'mcp-session-id': 'abc' } };
  });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' });
  const session = await open(capability);
  const { verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(verdict).toEqual({ kind: 'session-lost', sent: false });
});

test('takes 405 to DELETE for an end, and says so when the server does not confirm one', async () => {
  await using refusing = await startLegacyServer({ deleteStatus: 405 });
  const { plugin, open } = createHarness();
  await plugin.terminateSession(await open(capabilityOf({ mcp_server_url: refusing.url })), 'idle');
  expect(refusing.counts.delete).toBe(1);

  await using failing = await startLegacyServer({ deleteStatus: 500 });
  const session = await open(capabilityOf({ mcp_server_url: failing.url }));
  await expect(plugin.terminateSession(session, 'idle')).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' });
  expect(session.ended).toBe(true);
  const { verdict } = await failureOf(
    plugin,
    plugin.executeWithSession(session, invocationOf(capabilityOf({ mcp_server_url: failing.url }))),
  );
  expect(verdict).toEqual({ kind: 'session-lost', sent: false });
});

test('gives up waiting for the answer to DELETE after two seconds', async () => {
  await using server = await startScriptedServer((request) => {
    if (request.httpMethod === 'DELETE') return 'hang';
    const answer = legacyAnswer(request);
    return { ...answer, headers: { ...answer.headers, 'mcp-session-id': 'abc' } };
  });
  const { plugin, open } = createHarness();
  const session = await open(capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' }));
  const startedAt = performance.now();
  await expect(plugin.terminateSession(session, 'idle')).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' });
  expect(performance.now() - startedAt).toBeLessThan(4000);
});

test('does not report a session as lost that it ended itself', async () => {
  await using server = await startLegacyServer();
  const { plugin, open } = createHarness();
  const lost: unknown[] = [];
  const session = await open(capabilityOf({ mcp_server_url: server.url }), { onLost: (cause) => lost.push(cause) });
  await plugin.terminateSession(session, 'idle');
  expect(lost).toEqual([]);
});
