import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { failureOf, invocationOf } from './harness.ts';
import { createOAuthHarness, machineCapability } from './oauth-harness.ts';
import { startAuthorizationServer } from './servers/authorization-server.ts';
import { startGuard } from './servers/authorization-server-guard.ts';
import { startLegacyServer } from './servers/legacy-server.ts';
import { startModernServer } from './servers/modern-server.ts';

const secret = 'canary-secret: 100% +/=';
const clients = { robot: { secret } };

function withSecrets(harness: ReturnType<typeof createOAuthHarness>): ReturnType<typeof createOAuthHarness> {
  harness.secrets['CLIENT_ID'] = 'robot';
  harness.secrets['CLIENT_SECRET'] = secret;
  return harness;
}

test.each(['basic', 'post'])(
  'fetches a token with the client secret (%s) and uses it for all calls',
  async (method) => {
    await using authorizationServer = await startAuthorizationServer({ clients });
    await using server = await startModernServer();
    await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
    const { plugin, open } = withSecrets(createOAuthHarness());
    const capability = machineCapability(guard.url, {
      mcp_oauth_client_auth: method,
      mcp_oauth_issuer: authorizationServer.issuer,
    });
    const session = await open(capability);
    expect(await plugin.executeWithSession(session, invocationOf(capability, { text: 'a' }))).toMatchObject({
      output: 'a',
    });
    await plugin.executeWithSession(session, invocationOf(capability, { text: 'b' }));
    expect(authorizationServer.grants).toEqual(['client_credentials']);
    expect(guard.refusals).toEqual({ unauthorized: 1, forbidden: 0 });
    expect(authorizationServer.seen.at(-1)).toContain(
      method === 'basic' ? '"authorization":"Basic ' : 'client_secret=',
    );
  },
);

test.each([
  ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
  ['Ed25519', () => generateKeyPairSync('ed25519')],
] as const)('proves itself with a private key (%s) that never leaves', async (_, generate) => {
  const { publicKey, privateKey } = generate();
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await using authorizationServer = await startAuthorizationServer({
    clients: { robot: { publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() } },
  });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const { plugin, secrets } = createOAuthHarness();
  secrets['CLIENT_ID'] = 'robot';
  // As many a settings page stores it.
  secrets['KEY'] = pem.replaceAll('\n', String.raw`\n`);
  const { mcp_oauth_client_secret_env_var: __, ...metadata } = machineCapability(guard.url, {
    mcp_oauth_private_key_env_var: 'KEY',
  }).metadata;
  const capability = { ...machineCapability(guard.url), metadata };
  expect(await plugin.execute(invocationOf(capability, { text: 'signed' }))).toMatchObject({ output: 'signed' });
  expect(authorizationServer.seen.join()).not.toContain(pem.split('\n')[1]);
});

test('8 concurrent refusals cause 1 renewal', async () => {
  await using authorizationServer = await startAuthorizationServer({ clients });
  await using server = await startLegacyServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const { plugin, open } = withSecrets(createOAuthHarness());
  const capability = machineCapability(guard.url);
  const session = await open(capability);
  const before = authorizationServer.grants.length;
  authorizationServer.expireAccess();
  guard.holdUntil(8);
  const results = await Promise.all(
    Array.from({ length: 8 }, (__, index) =>
      plugin.executeWithSession(session, invocationOf(capability, { text: `call ${index}` })),
    ),
  );
  expect(results.map(({ output }) => output)).toEqual(Array.from({ length: 8 }, (__, index) => `call ${index}`));
  expect(guard.refusals.unauthorized).toBe(1 + 8);
  expect(authorizationServer.grants.length - before).toBe(1);
});

test('fetches a new token before the old one ends', async () => {
  // One that is about to end as soon as it is there.
  await using authorizationServer = await startAuthorizationServer({ clients, expiresIn: 0 });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const { plugin, open } = withSecrets(createOAuthHarness());
  const capability = machineCapability(guard.url);
  const session = await open(capability);
  await plugin.executeWithSession(session, invocationOf(capability));
  expect(guard.refusals.unauthorized).toBe(1);
  expect(authorizationServer.grants.length).toBeGreaterThan(1);
});

test('asks for more rights by itself when the server wants them, and keeps those it had', async () => {
  await using authorizationServer = await startAuthorizationServer({ clients });
  await using server = await startModernServer();
  await using guard = await startGuard({
    url: server.url,
    authorizationServers: [authorizationServer],
    scopesOf: (method) => (method === 'tools/call' ? ['tools:write'] : ['tools:read']),
  });
  const { plugin, open } = withSecrets(createOAuthHarness());
  const capability = machineCapability(guard.url);
  const session = await open(capability);
  expect(await plugin.executeWithSession(session, invocationOf(capability, { text: 'x' }))).toMatchObject({
    output: 'x',
  });
  expect(authorizationServer.seen.at(-1)).toContain('scope=tools%3Aread+tools%3Awrite');
});

test('gives up where more rights were asked for and not granted', async () => {
  await using authorizationServer = await startAuthorizationServer({ clients });
  authorizationServer.setScopes((asked) => asked.filter((scope) => scope !== 'admin'));
  await using server = await startModernServer();
  await using guard = await startGuard({
    url: server.url,
    authorizationServers: [authorizationServer],
    scopesOf: (method) => (method === 'tools/call' ? ['admin'] : []),
  });
  const { plugin, open } = withSecrets(createOAuthHarness());
  const capability = machineCapability(guard.url);
  const session = await open(capability);
  const { error, verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(error).toMatchObject({ code: 'FORBIDDEN', details: { reason: 'insufficient-scope', scopes: ['admin'] } });
  expect(verdict).toEqual({ kind: 'caller', sent: false });
  expect(authorizationServer.grants.length).toBeLessThanOrEqual(3);
});

test('says that a server refuses even a fresh token, so that the pool may begin anew', async () => {
  await using ours = await startAuthorizationServer({ clients });
  await using theirs = await startAuthorizationServer();
  await using server = await startModernServer();
  const named = [ours];
  await using guard = await startGuard({ url: server.url, authorizationServers: named });
  const { plugin, open } = withSecrets(createOAuthHarness());
  const capability = machineCapability(guard.url, { mcp_oauth_issuer: ours.issuer });
  const session = await open(capability);
  // It names the one and trusts the other.
  named.splice(0, 1, { ...theirs, issuer: ours.issuer });
  const { error, verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(error.code).toBe('UNAUTHORIZED');
  expect(verdict).toEqual({ kind: 'unauthorized', sent: false });
});

test('says that the authorization server cannot be reached, and that nothing of the call was sent', async () => {
  await using authorizationServer = await startAuthorizationServer({ clients });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const { plugin, open } = withSecrets(createOAuthHarness());
  const capability = machineCapability(guard.url);
  const session = await open(capability);
  authorizationServer.expireAccess();
  await authorizationServer.close();
  const { error, verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(error.code).toBe('UPSTREAM_ERROR');
  expect(error.message).toContain(`no answer of the authorization server of ${guard.url}`);
  expect(verdict).toEqual({ kind: 'transient', sent: false });
});

test('an authorization server that fails is not taken for one that refuses', async () => {
  await using authorizationServer = await startAuthorizationServer({
    clients,
    onToken: () => ({ status: 503, body: `<html>${secret}</html>` }),
  });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const { plugin, open } = withSecrets(createOAuthHarness());
  const { error, verdict } = await failureOf(plugin, open(machineCapability(guard.url)));
  expect(error.code).toBe('UPSTREAM_ERROR');
  expect(inspect(error, { depth: 10 })).not.toContain(secret);
  expect(verdict).toEqual({ kind: 'transient', sent: false });
});

test('does not share a token between callers for whom the host has different secrets', async () => {
  await using authorizationServer = await startAuthorizationServer({ clients });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const { plugin, secrets } = withSecrets(createOAuthHarness());
  const capability = machineCapability(guard.url);
  await plugin.execute(invocationOf(capability));
  secrets['CLIENT_SECRET'] = 'not the secret';
  const { error } = await failureOf(plugin, plugin.execute(invocationOf(capability)));
  expect(error).toMatchObject({ code: 'UNAUTHORIZED', details: { oauthError: 'invalid_client' } });
});

test('presents an assertion of the host’s where it has one, instead of client credentials', async () => {
  const assertions: string[] = [];
  await using authorizationServer = await startAuthorizationServer({
    clients,
    onToken: (parameters) => void assertions.push(parameters.get('assertion') ?? 'none'),
  });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const asked: unknown[] = [];
  const { plugin } = withSecrets(
    createOAuthHarness({
      authorizationGrant: async ({ issuer, resource, clientId, caller }) => {
        asked.push({ issuer, resource, clientId, subject: caller.subject });
        return 'a.signed.assertion';
      },
    }),
  );
  await plugin.execute(invocationOf(machineCapability(guard.url), {}));
  expect(authorizationServer.grants).toEqual(['urn:ietf:params:oauth:grant-type:jwt-bearer']);
  expect(assertions).toEqual(['a.signed.assertion']);
  expect(asked).toEqual([
    { issuer: authorizationServer.issuer, resource: guard.url, clientId: 'robot', subject: 'alice' },
  ]);
});
