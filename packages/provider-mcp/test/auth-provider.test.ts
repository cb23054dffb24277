import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { startLegacyServer } from './servers/legacy-server.ts';
import { startModernServer } from './servers/modern-server.ts';
import { jsonAnswer, legacyAnswer, startScriptedServer } from './servers/scripted-server.ts';

const canary = 'canary-9f3b61c2';

test('reads the token anew for each request', async () => {
  await using server = await startLegacyServer({ token: 'first' });
  const { plugin, open, secrets } = createHarness();
  secrets['TOKEN'] = 'first';
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN' });
  const session = await open(capability);
  await plugin.executeWithSession(session, invocationOf(capability, { text: 'a' }));
  server.expectToken('second');
  secrets['TOKEN'] = 'second';
  expect(await plugin.executeWithSession(session, invocationOf(capability, { text: 'b' }))).toMatchObject({
    output: 'b',
  });
  await plugin.terminateSession(session, 'idle');
  expect(server.counts).toMatchObject({ unauthorized: 0, delete: 1 });
  expect(server.credentials.at(-1)).toBe('Bearer second');
});

test('sends the bare value in a header of the manifest’s choice', async () => {
  await using server = await startScriptedServer(legacyAnswer);
  const { open, secrets } = createHarness();
  secrets['KEY'] = ' a-key\n';
  await open(
    capabilityOf({
      mcp_server_url: server.url,
      mcp_protocol: 'legacy',
      mcp_auth_env_var: 'KEY',
      mcp_auth_header: 'X-Api-Key',
      mcp_auth_scheme: '',
    }),
  );
  expect(server.requests.map(({ headers }) => headers['x-api-key'])).toEqual(['a-key', 'a-key']);
  expect(server.requests.every(({ headers }) => headers['authorization'] === undefined)).toBe(true);
});

test('sends nothing where the variable is not set, and names it and the manifest', async () => {
  await using server = await startModernServer();
  const { plugin, open, secrets } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN' });
  for (const attempt of [open(capability), plugin.execute(invocationOf(capability))]) {
    const { error, verdict } = await failureOf(plugin, attempt);
    expect(error.code).toBe('UNAUTHORIZED');
    expect(error.message).toMatch(/TOKEN is not set.*\/manifests\/test\.yaml/);
    expect(verdict).toEqual({ kind: 'caller', sent: false });
  }
  expect(server.counts.requests).toBe(0);

  secrets['TOKEN'] = 'set';
  const session = await open(capability);
  delete secrets['TOKEN'];
  const { error } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(error.code).toBe('UNAUTHORIZED');
  expect(server.counts.calls).toBe(0);
});

test('names the variable that the server refused, and the key that would declare one', async () => {
  await using server = await startLegacyServer({ token: 'right' });
  const { plugin, open, secrets } = createHarness();
  secrets['TOKEN'] = 'wrong';
  const refused = await failureOf(
    plugin,
    open(capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN' })),
  );
  expect(refused.error).toMatchObject({ code: 'UNAUTHORIZED', details: { status: 401 } });
  expect(refused.error.message).toContain('TOKEN');
  expect(refused.verdict).toEqual({ kind: 'unauthorized', sent: false });
  const undeclared = await failureOf(plugin, open(capabilityOf({ mcp_server_url: server.url })));
  expect(undeclared.error.code).toBe('UNAUTHORIZED');
  expect(undeclared.error.message).toContain('mcp_auth_env_var');
});

test('asks for the credential on behalf of each call’s own caller, also while they share a session', async () => {
  await using server = await startLegacyServer();
  const { plugin, open, secrets, secretReads } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN' });
  secrets['TOKEN'] = 'any';
  const session = await open(capability);
  secretReads.length = 0;
  const subjects = Array.from({ length: 8 }, (_, index) => `caller ${index}`);
  await Promise.all(
    subjects.map((subject) =>
      plugin.executeWithSession(session, invocationOf(capability, {}, { caller: { subject } })),
    ),
  );
  expect(secretReads).toEqual(subjects.map((subject) => ({ variable: 'TOKEN', subject })));
});

test('cancels with the credential of the caller whose call it is, whoever aborts', async () => {
  await using server = await startLegacyServer();
  const { plugin, open, secrets, secretReads } = createHarness();
  secrets['TOKEN'] = 'any';
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN', mcp_tool_name: 'slow' });
  const session = await open(capability);
  secretReads.length = 0;
  const controller = new AbortController();
  const first = failureOf(
    plugin,
    plugin.executeWithSession(
      session,
      invocationOf(capability, { steps: 1000 }, { caller: { subject: 'first' }, signal: controller.signal }),
    ),
  );
  const second = plugin.executeWithSession(
    session,
    invocationOf(capability, { steps: 2 }, { caller: { subject: 'second' }, onProgress: () => controller.abort() }),
  );
  expect((await first).error.code).toBe('CANCELLED');
  await second;
  await expect.poll(() => server.counts.cancelled).toBe(1);
  expect(secretReads.map(({ subject }) => subject)).toEqual(['first', 'second', 'first']);
});

describe.each([301, 302, 307, 308])('a redirect with %i', (status) => {
  test('to another origin gets nothing', async () => {
    await using other = await startScriptedServer(legacyAnswer);
    await using server = await startScriptedServer(() => ({ status, headers: { location: other.url } }));
    const { plugin, open, secrets } = createHarness();
    secrets['TOKEN'] = canary;
    for (const mcp_protocol of ['legacy', 'modern', 'auto']) {
      const { error } = await failureOf(
        plugin,
        open(capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN', mcp_protocol })),
      );
      expect(error.code).toBe('UPSTREAM_ERROR');
    }
    expect(other.requests).toHaveLength(0);
  });
});

test('follows a redirect within the origin', async () => {
  await using server = await startScriptedServer((request) =>
    request.path === '/mcp' ? { status: 307, headers: { location: '/moved' } } : legacyAnswer(request),
  );
  const { open, secrets } = createHarness();
  secrets['TOKEN'] = 'token';
  await open(capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN', mcp_protocol: 'legacy' }));
  expect(server.requests.map(({ path }) => path)).toEqual(['/mcp', '/moved', '/mcp', '/moved']);
});

describe('a secret', () => {
  const shows = (value: unknown): boolean => {
    const everything = inspect(value, { depth: 20, showHidden: true, maxStringLength: null });
    return `${everything}${String(value)}${JSON.stringify(value) ?? ''}`.includes(canary);
  };

  test('is in no session key, no session and no log', async () => {
    await using server = await startLegacyServer();
    const { plugin, open, secrets, logged } = createHarness();
    secrets['TOKEN'] = canary;
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN' });
    const session = await open(capability);
    await plugin.executeWithSession(session, invocationOf(capability));
    for (const thing of [plugin.sessionKey(capability, {}), session, plugin.describeSession?.(session), logged])
      expect(shows(thing)).toBe(false);
  });

  test.each([
    ['a refusal of the credentials', 401],
    ['a refusal of the request', 400],
    ['a failure', 500],
  ])('is in no error although the server repeats it in %s', async (_, status) => {
    await using server = await startScriptedServer(({ headers, id }) =>
      jsonAnswer(
        { jsonrpc: '2.0', id, error: { code: -32000, message: `bad ${String(headers['authorization'])}` } },
        status,
      ),
    );
    const { plugin, open, secrets } = createHarness();
    secrets['TOKEN'] = canary;
    for (const mcp_protocol of ['legacy', 'modern', 'auto']) {
      const { error } = await failureOf(
        plugin,
        open(capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN', mcp_protocol })),
      );
      expect(shows(error)).toBe(false);
      expect(error.cause).toBeInstanceOf(Error);
    }
  });

  test('is in no error although the tool repeats it in its own', async () => {
    await using server = await startScriptedServer((request) =>
      request.rpcMethod === 'tools/call'
        ? jsonAnswer({
            jsonrpc: '2.0',
            id: request.id,
            error: {
              code: -32603,
              message: `bad ${String(request.headers['authorization'])}`,
              data: { seen: request.headers },
            },
          })
        : legacyAnswer(request),
    );
    const { plugin, open, secrets } = createHarness();
    secrets['TOKEN'] = canary;
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN', mcp_protocol: 'legacy' });
    const { error } = await failureOf(
      plugin,
      plugin.executeWithSession(await open(capability), invocationOf(capability)),
    );
    expect(shows(error)).toBe(false);
    expect(error.message).toContain('bad Bearer [secret]');
  });

  test('is in no error although it cannot be sent', async () => {
    await using server = await startLegacyServer();
    const { plugin, open, secrets } = createHarness();
    secrets['TOKEN'] = `${canary}\nX-Injected: 1`;
    const { error } = await failureOf(
      plugin,
      open(capabilityOf({ mcp_server_url: server.url, mcp_auth_env_var: 'TOKEN' })),
    );
    expect(error.code).toBe('UNAUTHORIZED');
    expect(shows(error)).toBe(false);
    expect(server.counts.requests).toBe(0);
  });
});
