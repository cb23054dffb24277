import { expect, test } from 'vitest';
import { CapstanError } from '@capstan/provider';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { listen } from './servers/http-listener.ts';
import { jsonAnswer, legacyAnswer, startScriptedServer, type ScriptedAnswer } from './servers/scripted-server.ts';

/** A port that was free a moment ago. */
async function closedUrl(): Promise<string> {
  const listener = await listen(() => undefined);
  await listener.close();
  return `${listener.origin}/mcp`;
}

test.each(['auto', 'legacy', 'modern'])('says that it could not connect, and to where (%s)', async (mcp_protocol) => {
  const url = await closedUrl();
  const { plugin, open } = createHarness();
  const { error, verdict } = await failureOf(
    plugin,
    open(capabilityOf({ mcp_server_url: `${url}?key=hidden`, mcp_protocol })),
  );
  expect(error).toMatchObject({ code: 'UPSTREAM_ERROR', retryable: true, details: { server: url } });
  expect(error.message).toContain(`could not connect to ${url}: connection refused`);
  expect(error.message).not.toContain('hidden');
  expect(error.cause).toBeInstanceOf(Error);
  expect(verdict).toEqual({ kind: 'transient', sent: false });
});

const overHttp = (status: number) => (): ScriptedAnswer => ({ status, body: 'no' });
const overRpc = (code: number, data?: unknown) => (request: { readonly id: unknown }) =>
  jsonAnswer({ jsonrpc: '2.0', id: request.id, error: { code, message: 'told so', data } });

test.each([
  ['HTTP 400', overHttp(400), 'UPSTREAM_ERROR', { kind: 'caller', sent: true }],
  ['HTTP 401', overHttp(401), 'UNAUTHORIZED', { kind: 'unauthorized', sent: false }],
  ['HTTP 403', overHttp(403), 'FORBIDDEN', { kind: 'caller', sent: false }],
  ['HTTP 404', overHttp(404), 'UPSTREAM_ERROR', { kind: 'transient', sent: false }],
  ['HTTP 429', overHttp(429), 'OVERLOADED', { kind: 'transient', sent: false }],
  ['HTTP 500', overHttp(500), 'UPSTREAM_ERROR', { kind: 'transient', sent: true }],
  ['HTTP 503', overHttp(503), 'OVERLOADED', { kind: 'transient', sent: true }],
  ['a reset', () => 'reset' as const, 'UPSTREAM_ERROR', { kind: 'transient', sent: true }],
  [
    'HTML',
    () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' }),
    'UPSTREAM_ERROR',
    { kind: 'caller', sent: true },
  ],
  [
    'HTML that says it is JSON',
    () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '<p>' }),
    'UPSTREAM_ERROR',
    { kind: 'caller', sent: true },
  ],
  ['JSON that is no JSON-RPC', () => jsonAnswer({ hello: 1 }), 'UPSTREAM_ERROR', { kind: 'caller', sent: true }],
  ['error -32601', overRpc(-32601), 'UPSTREAM_ERROR', { kind: 'caller', sent: true }],
  ['error -32602', overRpc(-32602), 'UPSTREAM_ERROR', { kind: 'caller', sent: true }],
  ['error -32020', overRpc(-32020), 'UPSTREAM_ERROR', { kind: 'transient', sent: false }],
  [
    'error -32021',
    overRpc(-32021, { requiredCapabilities: { sampling: {} } }),
    'UPSTREAM_ERROR',
    { kind: 'caller', sent: true },
  ],
  [
    'error -32022',
    overRpc(-32022, { supported: [], requested: 'x' }),
    'UPSTREAM_ERROR',
    { kind: 'transient', sent: false },
  ],
  [
    'a result that is none',
    ({ id }: { readonly id: unknown }) => jsonAnswer({ jsonrpc: '2.0', id, result: { content: 5 } }),
    'OUTPUT_INVALID',
    { kind: 'caller', sent: true },
  ],
] as const)('a call that was answered with %s', async (_, answer, code, expected) => {
  await using server = await startScriptedServer((request) =>
    request.rpcMethod === 'tools/call' ? answer(request) : legacyAnswer(request),
  );
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' });
  const session = await open(capability);
  const { error, verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(error.code).toBe(code);
  expect(verdict).toEqual(expected);
  expect(error.message).toMatch(/^Calling tool "echo" failed: /);
  expect(error.message).toContain(server.url);
});

test('names the capabilities that a server asks of us', async () => {
  await using server = await startScriptedServer((request) =>
    request.rpcMethod === 'tools/call'
      ? overRpc(-32021, { requiredCapabilities: { sampling: {} } })(request)
      : legacyAnswer(request),
  );
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' });
  const { error } = await failureOf(
    plugin,
    plugin.executeWithSession(await open(capability), invocationOf(capability)),
  );
  expect(error.details).toMatchObject({ requiredCapabilities: ['sampling'] });
});

test('tells the caller’s deadline from the caller’s wish, and a call that was never sent', async () => {
  await using server = await startScriptedServer((request) =>
    request.rpcMethod === 'tools/call' ? 'hang' : legacyAnswer(request),
  );
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'legacy' });
  const session = await open(capability);
  const deadline = await failureOf(
    plugin,
    plugin.executeWithSession(session, invocationOf(capability, {}, { signal: AbortSignal.timeout(50) })),
  );
  expect(deadline.error.code).toBe('TIMEOUT');
  const before = server.requests.length;
  const aborted = invocationOf(capability, {}, { signal: AbortSignal.abort() });
  for (const attempt of [plugin.executeWithSession(session, aborted), plugin.execute(aborted)]) {
    const never = await failureOf(plugin, attempt);
    expect(never.error.code).toBe('CANCELLED');
    expect(never.verdict).toEqual({ kind: 'caller', sent: false });
  }
  expect(server.requests.length).toBe(before);
});

test.each([
  ['HTTP 500', overHttp(500)],
  ['HTTP 503', overHttp(503)],
  ['a reset', () => 'reset' as const],
  ['HTML', () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<p>' })],
  ['JSON that is no JSON-RPC', () => jsonAnswer({ hello: 1 })],
  ['an error', overRpc(-32602)],
] as const)('a handshake that was answered with %s sent nothing of the call', async (_, answer) => {
  await using server = await startScriptedServer(answer);
  const { plugin, open } = createHarness();
  for (const mcp_protocol of ['auto', 'legacy']) {
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol }, { effect: 'once' });
    expect((await failureOf(plugin, open(capability))).verdict.sent).toBe(false);
  }
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'auto' }, { effect: 'once' });
  expect((await failureOf(plugin, plugin.execute(invocationOf(capability)))).verdict.sent).toBe(false);
  expect(server.requests.some(({ rpcMethod }) => rpcMethod === 'tools/call')).toBe(false);
});

test.each([undefined, new CapstanError('CANCELLED', 'Not wanted any more.')])(
  'a handshake that was given up sent nothing of the call (%s)',
  async (reason) => {
    const asked = Promise.withResolvers<void>();
    await using server = await startScriptedServer(() => {
      asked.resolve();
      return 'hang';
    });
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url }, { effect: 'once' });
    for (const start of [
      (signal: AbortSignal) => open(capability, { signal }),
      (signal: AbortSignal) => plugin.execute(invocationOf(capability, {}, { signal })),
    ]) {
      const controller = new AbortController();
      const failure = failureOf(plugin, start(controller.signal));
      await asked.promise;
      controller.abort(reason);
      const { error, verdict } = await failure;
      expect(error.code).toBe('CANCELLED');
      expect(verdict).toEqual({ kind: 'caller', sent: false });
    }
  },
);

test('a server whose answers are not MCP is not tried again', async () => {
  await using server = await startScriptedServer(() => jsonAnswer({ hello: 1 }));
  const { plugin, open } = createHarness();
  const { error, verdict } = await failureOf(plugin, open(capabilityOf({ mcp_server_url: server.url })));
  expect(error.message).toContain('answered with something else than MCP');
  expect(error.retryable).toBe(false);
  expect(verdict).toEqual({ kind: 'caller', sent: false });
});

test('says that a server which speaks no TLS wants http', async () => {
  await using server = await startScriptedServer(legacyAnswer);
  const { plugin, open } = createHarness();
  const mcp_server_url = server.url.replace('http:', 'https:');
  const { error, verdict } = await failureOf(plugin, open(capabilityOf({ mcp_server_url })));
  expect(error.message).toContain('does not speak TLS');
  expect(error.message).toContain('http://');
  expect(error.message).not.toContain('certificate');
  expect(verdict).toEqual({ kind: 'fatal', sent: false });
});

test('has a verdict on errors that are not its own', () => {
  const { plugin } = createHarness();
  expect(plugin.classifyError(new Error('what'))).toEqual({ kind: 'transient', sent: true });
  expect(plugin.classifyError(undefined)).toEqual({ kind: 'transient', sent: true });
});

test('strikes out secrets before it cuts a long answer', async () => {
  const secret = 'token-abcdef-0123456789';
  const told = `${'x'.repeat(905)} ${secret} and more`;
  await using server = await startScriptedServer((request) =>
    request.rpcMethod === 'tools/call'
      ? jsonAnswer({ jsonrpc: '2.0', id: request.id, error: { code: -32603, message: told } })
      : legacyAnswer(request),
  );
  const { plugin, open, secrets } = createHarness();
  secrets['TOKEN'] = secret;
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN', mcp_protocol: 'legacy' });
  const session = await open(capability);
  const { error } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(error.message).not.toContain('token-');
  expect(error.message.length).toBeLessThan(1100);
});
