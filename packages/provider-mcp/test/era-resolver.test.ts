import { afterEach, describe, expect, test, vi } from 'vitest';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { startModernServer } from './servers/modern-server.ts';
import {
  jsonAnswer,
  legacyAnswer,
  startScriptedServer,
  type ScriptedAnswer,
  type ScriptedRequest,
} from './servers/scripted-server.ts';

afterEach(() => void vi.useRealTimers());

type Answer = ScriptedAnswer | 'hang' | 'reset';
const rpcError = (code: number, status: number, data?: unknown) => (request: ScriptedRequest) =>
  jsonAnswer(
    { jsonrpc: '2.0', id: request.id, error: { code, message: 'no', ...(data === undefined ? {} : { data }) } },
    status,
  );
const unsupported = { supported: ['2025-11-25'], requested: '2026-07-28' };
const status = (code: number) => (): Answer => ({ status: code });

/** Answers to `server/discover` after which a legacy handshake must follow. `asksTwice`: on a connection of its own. */
const legacySigns: readonly (readonly [name: string, answer: (request: ScriptedRequest) => Answer])[] = [
  ['404', status(404)],
  ['405', status(405)],
  ['406', status(406)],
  ['415', status(415)],
  ['400 without a body', status(400)],
  ['400 with -32000', rpcError(-32000, 400)],
  ['200 with -32601', rpcError(-32601, 200)],
  ['400 with -32601', rpcError(-32601, 400)],
  ['400 with -32001', rpcError(-32001, 400)],
  ['200 with -32020', rpcError(-32020, 200)],
  ['200 with -32022 that lists only 2025', rpcError(-32022, 200, unsupported)],
  ['400 with -32022 that lists only 2025', rpcError(-32022, 400, unsupported)],
  ['200 with an empty result', ({ id }) => jsonAnswer({ jsonrpc: '2.0', id, result: {} })],
  ['500', status(500)],
  ['502', status(502)],
  ['200 with HTML', () => ({ status: 200, headers: { 'content-type': 'text/html' }, body: '<html></html>' })],
  ['200 with broken JSON', () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: '{' })],
  ['an empty 202', status(202)],
  [
    'a stream that ends without a reply',
    () => ({ status: 200, headers: { 'content-type': 'text/event-stream' }, body: '' }),
  ],
  ['no answer at all', () => 'hang'],
];

describe('speaks legacy after the probe was answered with', () => {
  test.each(legacySigns)('%s', async (_, answer) => {
    await using server = await startScriptedServer((request) =>
      request.rpcMethod === 'server/discover' ? answer(request) : legacyAnswer(request),
    );
    const { plugin, open } = createHarness();
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_probe_timeout_ms: 200 });
    const startedAt = performance.now();
    const session = await open(capability);
    expect(performance.now() - startedAt).toBeLessThan(3000);
    expect(plugin.describeSession?.(session)).toMatchObject({ protocolVersion: '2025-06-18' });
    expect(await plugin.executeWithSession(session, invocationOf(capability))).toMatchObject({ output: 'scripted' });
    // The verdict is kept: nobody asks again.
    await open(capability);
    expect(server.requests.filter(({ rpcMethod }) => rpcMethod === 'server/discover')).toHaveLength(1);
  });
});

test.each([429, 503])('keeps no verdict from HTTP %i to the probe, and hands on how long to wait', async (code) => {
  let busy = true;
  await using server = await startModernServer({ interfere: () => (busy ? code : undefined) });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  const { error, verdict } = await failureOf(plugin, open(capability));
  expect(error.code).toBe('OVERLOADED');
  expect(verdict).toEqual({ kind: 'transient', sent: false });
  expect(server.counts.requests).toBe(1);
  busy = false;
  expect(plugin.describeSession?.(await open(capability))).toMatchObject({ protocolVersion: '2026-07-28' });
});

test('reads Retry-After of a busy server', async () => {
  await using server = await startScriptedServer(() => ({ status: 429, headers: { 'retry-after': '7' } }));
  const { plugin, open } = createHarness();
  const { error, verdict } = await failureOf(plugin, open(capabilityOf({ mcp_server_url: server.url })));
  expect(error).toMatchObject({ code: 'OVERLOADED', retryAfterMs: 7000 });
  expect(verdict).toEqual({ kind: 'transient', sent: false, retryAfterMs: 7000 });
});

test.each([
  [401, 'UNAUTHORIZED', { kind: 'unauthorized', sent: false }],
  [403, 'FORBIDDEN', { kind: 'caller', sent: false }],
] as const)('takes HTTP %i for a matter of credentials, not of the era', async (code, expected, expectedVerdict) => {
  await using server = await startScriptedServer(() => ({ status: code }));
  const { plugin, open } = createHarness();
  const { error, verdict } = await failureOf(plugin, open(capabilityOf({ mcp_server_url: server.url })));
  expect(error.code).toBe(expected);
  expect(verdict).toEqual(expectedVerdict);
  expect(server.requests).toHaveLength(1);
});

test('fails within the probe timeout and one handshake where nothing is ever answered', async () => {
  await using server = await startScriptedServer(() => 'hang');
  const { plugin, open } = createHarness({ limits: { timeoutMs: 300 } });
  const { error, verdict } = await failureOf(
    plugin,
    open(capabilityOf({ mcp_server_url: server.url, mcp_probe_timeout_ms: 200 })),
  );
  expect(error.code).toBe('TIMEOUT');
  expect(verdict.kind).toBe('transient');
  expect(server.requests.map(({ rpcMethod }) => rpcMethod)).toEqual(['server/discover', 'initialize']);
});

test('does not fall back where the manifest insists on modern', async () => {
  await using server = await startScriptedServer((request) =>
    request.rpcMethod === 'server/discover' ? { status: 404 } : legacyAnswer(request),
  );
  const { plugin, open } = createHarness();
  const { error, verdict } = await failureOf(
    plugin,
    open(capabilityOf({ mcp_server_url: server.url, mcp_protocol: 'modern' })),
  );
  expect(error.code).toBe('UPSTREAM_ERROR');
  expect(error.message).toContain('mcp_protocol');
  expect(verdict).toEqual({ kind: 'fatal', sent: false });
});

test('shares one failing probe among all who wait for it, and asks again afterwards', async () => {
  await using server = await startScriptedServer(() => ({ status: 401 }));
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  const failures = await Promise.all(Array.from({ length: 10 }, () => failureOf(plugin, open(capability))));
  expect(failures.map(({ error }) => error.code)).toEqual(Array(10).fill('UNAUTHORIZED'));
  expect(server.requests).toHaveLength(1);
  await failureOf(plugin, open(capability));
  expect(server.requests).toHaveLength(2);
});

test('lets another one ask when the one who asked gives up', async () => {
  const asked = Promise.withResolvers<void>();
  let patient = false;
  await using server = await startScriptedServer((request) => {
    asked.resolve();
    if (request.rpcMethod === 'server/discover') return patient ? { status: 404 } : 'hang';
    return legacyAnswer(request);
  });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  const impatient = new AbortController();
  const first = failureOf(plugin, open(capability, { signal: impatient.signal }));
  const second = open(capability);
  await asked.promise;
  patient = true;
  impatient.abort();
  expect((await first).error.code).toBe('CANCELLED');
  expect(plugin.describeSession?.(await second)).toMatchObject({ protocolVersion: '2025-06-18' });
});

test('asks again after an hour', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  await using server = await startModernServer();
  const { open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  await open(capability);
  vi.advanceTimersByTime(3_599_000);
  await open(capability);
  expect(server.counts.discover).toBe(1);
  vi.advanceTimersByTime(2000);
  await open(capability);
  expect(server.counts.discover).toBe(2);
});

test.each([
  ['404', () => ({ status: 404 })],
  ['-32022', rpcError(-32022, 400, unsupported)],
  [
    'a 400 that asks for a session',
    () => jsonAnswer({ jsonrpc: '2.0', id: null, error: { code: -32000, message: 'Server not initialized' } }, 400),
  ],
] as const)('drops the verdict and the session after a call was answered with %s', async (_, refusal) => {
  let downgraded = false;
  const discovered = {
    supportedVersions: ['2026-07-28'],
    capabilities: { tools: {} },
    resultType: 'complete',
    ttlMs: 0,
    cacheScope: 'private',
  };
  await using server = await startScriptedServer((request): Answer => {
    if (downgraded) return request.headers['mcp-method'] === undefined ? legacyAnswer(request) : refusal(request);
    return jsonAnswer({ jsonrpc: '2.0', id: request.id, result: discovered });
  });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url });
  let stale = 0;
  const session = await open(capability, { onStale: () => (stale += 1) });
  expect(plugin.describeSession?.(session)).toMatchObject({ protocolVersion: '2026-07-28' });
  downgraded = true;
  const { verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(verdict).toEqual({ kind: 'transient', sent: false });
  expect(stale).toBe(1);
  const next = await open(capability);
  expect(await plugin.executeWithSession(next, invocationOf(capability))).toMatchObject({ output: 'scripted' });
});

test('keeps verdicts of different variables apart', async () => {
  await using server = await startModernServer();
  const { open, secrets } = createHarness();
  secrets['ONE'] = 'one-secret';
  secrets['TWO'] = 'two-secret';
  await open(capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'ONE' }));
  await open(capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TWO' }));
  expect(server.counts.discover).toBe(2);
});

test('what is wrong with the credentials of one caller is no answer to another', async () => {
  await using server = await startModernServer();
  const { plugin, open, secrets, secretReads } = createHarness();
  Object.defineProperty(secrets, 'TOKEN', {
    get: () => (secretReads.at(-1)?.subject === 'bob' ? 'bobs' : undefined),
  });
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN' });
  const alice = failureOf(plugin, open(capability, { caller: { subject: 'alice' } }));
  const bob = open(capability, { caller: { subject: 'bob' } });
  expect((await alice).error.code).toBe('UNAUTHORIZED');
  expect(plugin.describeSession?.(await bob)).toMatchObject({ protocolVersion: '2026-07-28' });
});
