import { createEgress } from '@capstan/http-egress';
import { afterAll, describe, expect, test } from 'vitest';
import { createCallContext } from '../src/call-context.ts';
import { listTools } from '../src/discover/list-offers.ts';
import { HttpWire } from '../src/wire/http-wire.ts';
import { McpPeer, type PeerHandlers } from '../src/wire/peer.ts';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { listen, readBody } from './servers/http-listener.ts';
import { startLegacyServer } from './servers/legacy-server.ts';
import { jsonAnswer, legacyAnswer, startScriptedServer, type ScriptedRequest } from './servers/scripted-server.ts';

const egress = createEgress({ policy: {} });
afterAll(() => egress.close());

const nobody: PeerHandlers = {
  onRequest: () => Promise.reject(new Error('not asked')),
  onNotification: () => undefined,
  onClose: () => undefined,
};

function complete(value: object): object {
  return { resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...value };
}

function modernAnswer({ rpcMethod, id }: ScriptedRequest, tools: readonly unknown[] = []) {
  if (rpcMethod === 'server/discover')
    return jsonAnswer({
      jsonrpc: '2.0',
      id,
      result: complete({ supportedVersions: ['2026-07-28'], capabilities: { tools: {} } }),
    });
  return jsonAnswer({ jsonrpc: '2.0', id, result: complete({ tools }) });
}

describe.each(['legacy', 'modern'] as const)('a %s server', (era) => {
  test.each(['ends', 'is cut'])('whose stream %s without an answer fails the call at once', async (how) => {
    const handshake = era === 'legacy' ? legacyAnswer : modernAnswer;
    await using listener = await listen(async (request, response) => {
      const message = JSON.parse(await readBody(request)) as { readonly method: string; readonly id?: number };
      if (message.method === 'tools/call') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(
          `data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 1 } })}\n\n`,
          () => (how === 'ends' ? response.end() : request.socket.resetAndDestroy()),
        );
        return;
      }
      const { status, headers, body } = handshake({ rpcMethod: message.method, id: message.id } as ScriptedRequest);
      response.writeHead(status, headers).end(body);
    });
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: `${listener.origin}/mcp`, mcp_protocol: era });
    const session = await open(capability);
    const startedAt = performance.now();
    const { error, verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
    expect(performance.now() - startedAt).toBeLessThan(1000);
    expect(error.code).toBe('UPSTREAM_ERROR');
    expect(verdict).toEqual({ kind: 'transient', sent: true });
  });

  test('that lists one malformed tool lists the others, and one is dropped', async () => {
    const good = (name: string) => ({ name, inputSchema: { type: 'object' } });
    const tools = [good('a'), { name: 'no schema' }, good('b')];
    await using server = await startScriptedServer((request) =>
      era === 'legacy' && request.rpcMethod !== 'tools/list' ? legacyAnswer(request) : modernAnswer(request, tools),
    );
    const { open } = createHarness();
    const session = await open(capabilityOf({ mcp_server_url: server.url, mcp_protocol: era }));
    const { offers, dropped } = await listTools(session.connection.peer, new AbortController().signal);
    expect(offers.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(dropped).toEqual(['tool 2 was left out: its inputSchema is no object']);
  });
});

test('two owners of one session with ranges of their own lose no answer', async () => {
  await using server = await startLegacyServer();
  const context = createCallContext({ capability: capabilityOf({}), caller: {} });
  const options = { url: new URL(server.url), allowInsecure: false, egress, auth: undefined, opener: () => context };
  const opener = createHarness();
  await opener.open(capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' }));
  const [sessionId] = server.sessionIds;
  const owners = [0, 1_000_000].map((firstId) => {
    const wire = new HttpWire({ ...options, sessionId, protocolVersion: '2025-11-25' });
    return new McpPeer({ wire, handlers: nobody, firstId });
  });
  const texts = Array.from({ length: 50 }, (_, index) => `${index}`);
  const answers = await Promise.all(
    owners.flatMap((peer, owner) =>
      texts.map(async (text) => {
        const params = { name: 'echo', arguments: { text: `${owner} ${text}` } };
        const { content } = await peer.request('tools/call', params, { timeoutMs: 5000, context });
        return content;
      }),
    ),
  );
  expect(answers).toEqual(
    owners.flatMap((_, owner) => texts.map((text) => [{ type: 'text', text: `${owner} ${text}` }])),
  );
  expect(server.counts).toMatchObject({ initialize: 1, calls: 100 });
  await Promise.all(owners.map((peer) => peer.close()));
});

test('what a server puts beside the result belongs to it where the manifest says so', async () => {
  await using server = await startScriptedServer((request) => {
    const { rpcMethod, id } = request;
    if (rpcMethod !== 'tools/call') return modernAnswer(request);
    const inputRequests = { q: { method: 'elicitation/create', params: { message: 'who?' } } };
    return jsonAnswer({ jsonrpc: '2.0', id, resultType: 'input_required', _meta: { a: 1 }, result: { inputRequests } });
  });
  const { plugin, open } = createHarness();
  const call = async (mcp_normalize_envelope: boolean) => {
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_normalize_envelope });
    const invocation = invocationOf(capability, {}, { inputMode: 'return' });
    return plugin.executeWithSession(await open(capability), invocation);
  };
  expect(await call(true)).toMatchObject({ inputRequired: { requests: { q: { params: { message: 'who?' } } } } });
  expect((await failureOf(plugin, call(false))).error.code).toBe('OUTPUT_INVALID');
});

test('a result of a type that is not known is no answer', async () => {
  await using server = await startScriptedServer((request) =>
    request.rpcMethod === 'tools/call'
      ? jsonAnswer({ jsonrpc: '2.0', id: request.id, result: { resultType: 'riddle', content: [] } })
      : modernAnswer(request),
  );
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  const { error } = await failureOf(
    plugin,
    plugin.executeWithSession(await open(capability), invocationOf(capability)),
  );
  expect(error.code).toBe('OUTPUT_INVALID');
});
