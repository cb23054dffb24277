import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime } from '@capstan/runtime';
import { describe, expect, test } from 'vitest';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { startLegacyServer } from './servers/legacy-server.ts';
import { startModernServer } from './servers/modern-server.ts';
import { jsonAnswer, legacyAnswer, startScriptedServer } from './servers/scripted-server.ts';

const eras = [
  ['legacy', startLegacyServer],
  ['modern', startModernServer],
] as const;

const slowTool = (mcp_server_url: string) => ({
  id: 'mcp.test.slow',
  effect: 'read' as const,
  metadata: { mcp_server_url, mcp_tool_name: 'slow', call_timeout_ms: 250, call_max_total_ms: 700 },
});

describe.each(eras)('on a %s server', (_, startServer) => {
  test('gives structured content as the output, and the content as it came', async () => {
    await using server = await startServer();
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'get_me' });
    const session = await open(capability);
    expect(await plugin.executeWithSession(session, invocationOf(capability))).toEqual({
      output: { login: 'octocat' },
      content: [{ type: 'text', text: '{"login":"octocat"}' }],
      isError: false,
    });
  });

  test('gives a single text as the output, and several pieces as they are', async () => {
    await using server = await startServer();
    const { plugin, open } = createHarness();
    const single = capabilityOf({ mcp_server_url: server.url });
    const several = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'list_issues' });
    const session = await open(single);
    expect(await plugin.executeWithSession(session, invocationOf(single, { text: 'hi' }))).toEqual({
      output: 'hi',
      content: [{ type: 'text', text: 'hi' }],
      isError: false,
    });
    const { output, content } = await plugin.executeWithSession(session, invocationOf(several));
    expect(output).toEqual([
      { type: 'text', text: 'first' },
      { type: 'text', text: 'second' },
    ]);
    expect(content).toEqual(output);
  });

  test('hands on that a tool failed as a result, not as an error', async () => {
    await using server = await startServer();
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'fail' });
    expect(await plugin.executeWithSession(await open(capability), invocationOf(capability))).toMatchObject({
      output: 'it did not work',
      isError: true,
    });
  });

  test('gets prompts with arguments as text, and reads resources', async () => {
    await using server = await startServer();
    const { plugin, open } = createHarness();
    const { mcp_tool_name: _tool, ...shared } = capabilityOf({ mcp_server_url: server.url }).metadata;
    const prompt = { ...capabilityOf({}), metadata: { ...shared, mcp_prompt_name: 'greet' } };
    const resource = { ...capabilityOf({}), metadata: { ...shared, mcp_resource_uri: 'test://note' } };
    const session = await open(prompt);
    expect(await plugin.executeWithSession(session, invocationOf(prompt, { who: 7 }))).toEqual({
      output: { messages: [{ role: 'user', content: { type: 'text', text: 'Hello 7' } }] },
      content: [{ type: 'text', text: 'Hello 7' }],
      isError: false,
    });
    expect(await plugin.executeWithSession(session, invocationOf(resource))).toEqual({
      output: 'a note',
      content: [{ type: 'resource', resource: { uri: 'test://note', mimeType: 'text/plain', text: 'a note' } }],
      isError: false,
    });
  });

  test('tells progress', async () => {
    await using server = await startServer();
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'slow' });
    const heard: unknown[] = [];
    const invocation = invocationOf(capability, { steps: 3 }, { onProgress: (progress) => heard.push(progress) });
    expect(await plugin.executeWithSession(await open(capability), invocation)).toMatchObject({ output: '3 steps' });
    expect(heard).toEqual([1, 2, 3].map((step) => ({ progress: step, total: 3, message: `step ${step}` })));
  });

  test('cancels at the server when the caller aborts, and keeps the session', async () => {
    await using server = await startServer();
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'slow' });
    const session = await open(capability);
    const caller = new AbortController();
    const { error, verdict } = await failureOf(
      plugin,
      plugin.executeWithSession(
        session,
        invocationOf(
          capability,
          { steps: 1000 },
          { signal: caller.signal, onProgress: () => caller.abort(new Error('enough')) },
        ),
      ),
    );
    expect(error).toMatchObject({ code: 'CANCELLED', retryable: false });
    expect(verdict).toEqual({ kind: 'caller', sent: true });
    await expect.poll(() => server.counts.cancelled).toBe(1);
    const echo = capabilityOf({ mcp_server_url: server.url });
    expect(await plugin.executeWithSession(session, invocationOf(echo, { text: 'on' }))).toMatchObject({
      output: 'on',
    });
  });

  test('is given up by the runtime without an answer, but not while it makes progress', async () => {
    await using server = await startServer();
    await using runtime = await createRuntime({
      manifests: [slowTool(server.url)],
      providers: [mcpProvider()],
    });
    const steady = await runtime.call('mcp.test.slow', { steps: 8, stepMs: 60 });
    expect(steady.output).toBe('8 steps');
    await expect(runtime.call('mcp.test.slow', { steps: 1, stepMs: 5000 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect.poll(() => server.counts.cancelled).toBe(1);
    await expect(runtime.call('mcp.test.slow', { steps: 500, stepMs: 20 })).rejects.toMatchObject({ code: 'TIMEOUT' });
    await expect.poll(() => server.counts.cancelled).toBe(2);
  });

  test('takes an answer that does not fit the output schema of the server', async () => {
    await using server = await startServer();
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'odd_output' });
    const session = await open(capability);
    for (const _attempt of [1, 2])
      expect(await plugin.executeWithSession(session, invocationOf(capability))).toMatchObject({
        output: 'no structure',
      });
  });

  test('says what the server answered where it does not know the tool', async () => {
    await using server = await startServer();
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'nothing' });
    const { error, verdict } = await failureOf(
      plugin,
      plugin.executeWithSession(await open(capability), invocationOf(capability)),
    );
    expect(error).toMatchObject({ code: 'UPSTREAM_ERROR', retryable: false });
    expect(error.message).toContain('no tool nothing');
    expect(verdict).toEqual({ kind: 'caller', sent: true });
  });
});

test('puts the idempotency key into the argument that the manifest names, unless the caller filled it', async () => {
  await using server = await startLegacyServer();
  const { plugin, open } = createHarness();
  const capability = capabilityOf(
    { mcp_server_url: server.url, mcp_idempotency_argument: 'text' },
    { effect: 'keyed' },
  );
  const session = await open(capability);
  const withKey = invocationOf(capability, {}, { idempotencyKey: 'key-1' });
  expect(await plugin.executeWithSession(session, withKey)).toMatchObject({ output: 'key-1' });
  expect(await plugin.executeWithSession(session, { ...withKey, input: { text: 'own' } })).toMatchObject({
    output: 'own',
  });
});

test('refuses effect: keyed without an argument for the key', async () => {
  const { plugin } = createHarness();
  const capability = capabilityOf({ mcp_server_url: 'http://127.0.0.1:1/mcp' }, { effect: 'keyed' });
  const { error } = await failureOf(plugin, plugin.execute(invocationOf(capability)));
  expect(error.code).toBe('MANIFEST_INVALID');
  expect(error.message).toContain('mcp_idempotency_argument');
  expect(error.message).toContain('/manifests/test.yaml:3');
});

test('refuses an input that is not an object', async () => {
  await using server = await startLegacyServer();
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  const { error, verdict } = await failureOf(
    plugin,
    plugin.executeWithSession(await open(capability), invocationOf(capability, ['a'])),
  );
  expect(error.code).toBe('INPUT_INVALID');
  expect(verdict).toEqual({ kind: 'caller', sent: false });
});

test('mirrors arguments into headers where a modern server checks them, after asking once how', async () => {
  const discovered = { supportedVersions: ['2026-07-28'], capabilities: { tools: {} } };
  const definition = {
    name: 'routed',
    inputSchema: { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } },
    outputSchema: { type: 'object', $ref: '#/$defs/missing' },
  };
  const result = (value: object) => ({ resultType: 'complete', ttlMs: 0, cacheScope: 'private', ...value });
  await using server = await startScriptedServer(({ rpcMethod, id, headers }) => {
    if (rpcMethod === 'server/discover') return jsonAnswer({ jsonrpc: '2.0', id, result: result(discovered) });
    if (rpcMethod === 'tools/list') return jsonAnswer({ jsonrpc: '2.0', id, result: result({ tools: [definition] }) });
    return headers['mcp-param-region'] === 'eu'
      ? jsonAnswer({ jsonrpc: '2.0', id, result: result({ content: [{ type: 'text', text: 'routed' }] }) })
      : jsonAnswer({ jsonrpc: '2.0', id, error: { code: -32020, message: 'header missing' } }, 400);
  });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'routed' });
  const session = await open(capability);
  for (const _attempt of [1, 2])
    expect(await plugin.executeWithSession(session, invocationOf(capability, { region: 'eu' }))).toMatchObject({
      output: 'routed',
    });
  expect(server.requests.map(({ rpcMethod }) => rpcMethod)).toEqual([
    'server/discover',
    'tools/call',
    'tools/list',
    'tools/call',
    'tools/call',
  ]);
});

describe('mcp_requires_session: false', () => {
  const stateless = (url: string, more = {}) =>
    capabilityOf({ mcp_server_url: url, mcp_requires_session: 'false', ...more });

  test('calls a legacy server that issues no ids with one request and no handshake', async () => {
    await using server = await startLegacyServer({ sessions: false });
    const { plugin } = createHarness();
    const capability = stateless(server.url, { mcp_protocol: 'legacy' });
    expect(await plugin.execute(invocationOf(capability, { text: 'a' }))).toMatchObject({ output: 'a' });
    expect(server.counts).toMatchObject({ requests: 1, initialize: 0, calls: 1 });
  });

  test('calls a legacy server without ids straight away once it knows it', async () => {
    await using server = await startLegacyServer({ sessions: false });
    const { plugin } = createHarness();
    const capability = stateless(server.url);
    await plugin.execute(invocationOf(capability, { text: 'a' }));
    const before = server.counts.requests;
    expect(await plugin.execute(invocationOf(capability, { text: 'b' }))).toMatchObject({ output: 'b' });
    expect(server.counts.requests - before).toBe(1);
    expect(server.counts.delete).toBe(0);
  });

  test('shakes hands with a server that wants a session, ends it, and remembers', async () => {
    await using server = await startLegacyServer();
    const { plugin } = createHarness();
    const capability = stateless(server.url, { mcp_protocol: 'legacy' });
    expect(await plugin.execute(invocationOf(capability, { text: 'a' }))).toMatchObject({ output: 'a' });
    // One refused call, then the handshake, the call and the end.
    expect(server.counts).toMatchObject({ requests: 5, initialize: 1, calls: 1, delete: 1 });
    expect(await plugin.execute(invocationOf(capability, { text: 'b' }))).toMatchObject({ output: 'b' });
    expect(server.counts).toMatchObject({ requests: 9, initialize: 2, calls: 2, delete: 2 });
    expect(server.sessionIds).toEqual([]);
  });

  test('leaves no session behind when the call fails', async () => {
    await using server = await startLegacyServer();
    const { plugin } = createHarness();
    const capability = stateless(server.url, { mcp_tool_name: 'nothing' });
    const { error } = await failureOf(plugin, plugin.execute(invocationOf(capability)));
    expect(error.code).toBe('UPSTREAM_ERROR');
    expect(server.counts).toMatchObject({ initialize: 1, delete: 1 });
  });

  test('answers even if the server does not confirm the end of the session', async () => {
    await using server = await startLegacyServer({ deleteStatus: 500 });
    const { plugin, logged } = createHarness();
    expect(await plugin.execute(invocationOf(stateless(server.url), { text: 'a' }))).toMatchObject({ output: 'a' });
    expect(logged).toMatchObject([{ level: 'warning', message: 'mcp.session-end-unconfirmed' }]);
  });

  test('calls a modern server with one request, after one to learn that it is modern', async () => {
    await using server = await startModernServer();
    const { plugin } = createHarness();
    const capability = stateless(server.url);
    const texts = Array.from({ length: 10 }, (_, index) => `${index}`);
    const results = await Promise.all(texts.map((text) => plugin.execute(invocationOf(capability, { text }))));
    expect(results.map(({ output }) => output)).toEqual(texts);
    expect(server.counts).toMatchObject({ requests: 11, discover: 1, calls: 10 });
  });

  test('does not repeat a call that the server answered with another error than 400', async () => {
    await using server = await startScriptedServer((request) =>
      request.rpcMethod === 'tools/call' ? { status: 500 } : legacyAnswer(request),
    );
    const { plugin } = createHarness();
    const { verdict } = await failureOf(
      plugin,
      plugin.execute(invocationOf(stateless(server.url, { mcp_protocol: 'legacy' }))),
    );
    expect(verdict).toEqual({ kind: 'transient', sent: true });
    expect(server.requests).toHaveLength(1);
  });
});
