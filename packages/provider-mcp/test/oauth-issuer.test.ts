import { describe, expect, test } from 'vitest';
import type { Authorize } from '@capstan/provider-mcp';
import { createMemoryTokenStore } from '@capstan/provider-mcp/oauth';
import { failureOf, invocationOf } from './harness.ts';
import { agree, createOAuthHarness, machineCapability, personCapability } from './oauth-harness.ts';
import { startAuthorizationServer } from './servers/authorization-server.ts';
import { startGuard } from './servers/authorization-server-guard.ts';
import { startModernServer } from './servers/modern-server.ts';
import { startScriptedServer } from './servers/scripted-server.ts';

const secret = 'canary-5c1f77e0';
const clients = { robot: { secret } };

function withSecrets(harness: ReturnType<typeof createOAuthHarness>): ReturnType<typeof createOAuthHarness> {
  harness.secrets['CLIENT_ID'] = 'robot';
  harness.secrets['CLIENT_SECRET'] = secret;
  return harness;
}

test('an authorization server that the manifest does not name gets nothing at all', async () => {
  await using ours = await startAuthorizationServer({ clients });
  await using foreign = await startAuthorizationServer({ clients });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [foreign] });
  const { plugin, open } = withSecrets(createOAuthHarness());
  const capability = machineCapability(guard.url, { mcp_oauth_issuer: ours.issuer });
  const { error, verdict } = await failureOf(plugin, open(capability));
  expect(error).toMatchObject({ code: 'UNAUTHORIZED', details: { reason: 'issuer-mismatch', expected: ours.issuer } });
  expect(verdict.kind).toBe('fatal');
  expect(foreign.seen).toEqual([]);
});

test('metadata that claims to be of the right issuer, from elsewhere, brings no secret there', async () => {
  await using ours = await startAuthorizationServer({ clients });
  await using foreign = await startAuthorizationServer({ clients, metadata: { issuer: ours.issuer } });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [foreign] });
  for (const metadata of [{ mcp_oauth_issuer: ours.issuer }, {}]) {
    const { plugin, open } = withSecrets(createOAuthHarness());
    const { error } = await failureOf(plugin, open(machineCapability(guard.url, metadata)));
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', details: { reason: 'issuer-mismatch' } });
  }
  expect(foreign.grants).toEqual([]);
  expect(foreign.seen.join()).not.toContain(secret);
});

test('of several authorization servers the declared one is taken', async () => {
  await using ours = await startAuthorizationServer({ clients });
  await using foreign = await startAuthorizationServer({ clients });
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [foreign, ours] });
  const { open } = withSecrets(createOAuthHarness());
  await open(machineCapability(guard.url, { mcp_oauth_issuer: ours.issuer }));
  expect(ours.grants).toEqual(['client_credentials']);
  expect(foreign.seen).toEqual([]);
});

test('where none is declared the first one is kept, with a warning, and a second one gets nothing', async () => {
  await using first = await startAuthorizationServer({ clients });
  await using second = await startAuthorizationServer({ clients });
  await using server = await startModernServer();
  const named = [first];
  await using guard = await startGuard({ url: server.url, authorizationServers: named });
  const { plugin, open, logged } = withSecrets(createOAuthHarness());
  const capability = machineCapability(guard.url);
  const session = await open(capability);
  expect(logged.filter(({ message }) => message === 'mcp.oauth-issuer-undeclared')).toHaveLength(1);
  named.splice(0, 1, second);
  const { error } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(error).toMatchObject({ code: 'UNAUTHORIZED', details: { reason: 'issuer-mismatch' } });
  expect(second.grants).toEqual([]);
  expect(second.seen.join()).not.toContain(secret);
});

describe('when a server moves to another authorization server', () => {
  test('a person signs in there anew, as a new client, and nothing of the old sign-in goes along', async () => {
    await using first = await startAuthorizationServer();
    await using second = await startAuthorizationServer();
    await using server = await startModernServer();
    const named = [first];
    await using guard = await startGuard({ url: server.url, authorizationServers: named });
    const previous: (string | undefined)[] = [];
    const authorize: Authorize = (url, context) => {
      previous.push(context.previousIssuer);
      return agree(url, context);
    };
    const { plugin, open } = createOAuthHarness({ authorize });
    const capability = personCapability(guard.url);
    const session = await open(capability);
    named.splice(0, 1, second);
    await plugin.executeWithSession(session, invocationOf(capability));
    expect(previous).toEqual([undefined, first.issuer]);
    expect(second.registrations).toHaveLength(1);
    expect(second.grants).toEqual(['authorization_code']);
    expect(second.authorizations[0]?.get('client_id')).not.toBe(first.authorizations[0]?.get('client_id'));
  });

  test('without anybody to ask, the call fails and the new one gets no token', async () => {
    await using first = await startAuthorizationServer();
    await using second = await startAuthorizationServer();
    await using server = await startModernServer();
    const named = [first];
    await using guard = await startGuard({ url: server.url, authorizationServers: named });
    const store = createMemoryTokenStore();
    const capability = personCapability(guard.url);
    await createOAuthHarness({ tokens: store, authorize: agree }).open(capability);
    named.splice(0, 1, second);
    const { plugin } = createOAuthHarness({ tokens: store });
    const { error } = await failureOf(plugin, plugin.execute(invocationOf(capability)));
    expect(error.message).toMatch(/moved to another authorization server.*capstan login/);
    expect(second.grants).toEqual([]);
  });

  test('a client that was registered by hand refuses, even with a person there', async () => {
    await using first = await startAuthorizationServer({ clients });
    await using second = await startAuthorizationServer({ clients });
    await using server = await startModernServer();
    const named = [first];
    await using guard = await startGuard({ url: server.url, authorizationServers: named });
    const { plugin, open } = withSecrets(createOAuthHarness({ authorize: agree }));
    const capability = personCapability(guard.url, {
      mcp_oauth_client_id_env_var: 'CLIENT_ID',
      mcp_oauth_client_secret_env_var: 'CLIENT_SECRET',
    });
    const session = await open(capability);
    named.splice(0, 1, second);
    const { error } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
    expect(error).toMatchObject({ details: { reason: 'issuer-mismatch' } });
    expect(second.authorizations).toHaveLength(0);
    expect(second.grants).toEqual([]);
  });
});

describe('the answer to a sign-in', () => {
  async function signInWith(change: (answer: URL) => void, iss?: 'right' | 'wrong' | 'missing') {
    await using authorizationServer = await startAuthorizationServer(iss === undefined ? {} : { iss });
    await using server = await startModernServer();
    await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
    const { plugin, open } = createOAuthHarness({
      authorize: async (url, context) => {
        const answer = await agree(url, context);
        change(answer);
        return answer;
      },
    });
    const outcome = await open(personCapability(guard.url)).then(
      () => undefined,
      (reason: unknown) => failureOf(plugin, Promise.reject(reason)),
    );
    return { error: outcome?.error, grants: [...authorizationServer.grants] };
  }

  test('is taken with the right issuer in it', async () => {
    expect(await signInWith(() => {}, 'right')).toEqual({ error: undefined, grants: ['authorization_code'] });
  });

  test.each([
    [
      'the state of another sign-in',
      (answer: URL): void => answer.searchParams.set('state', 'x'.repeat(43)),
      undefined,
    ],
    ['no state', (answer: URL): void => answer.searchParams.delete('state'), undefined],
    ['another path', (answer: URL): void => void (answer.pathname = '/elsewhere'), undefined],
    ['another host', (answer: URL): void => void (answer.hostname = 'localhost'), undefined],
    ['another issuer', (): void => {}, 'wrong'],
    ['no issuer, although one was promised', (): void => {}, 'missing'],
    ['an error', (answer: URL): void => setError(answer), undefined],
  ] as const)('spends no code with %s', async (_, change, iss) => {
    const { error, grants } = await signInWith(change, iss);
    expect(error?.code).toBe('UNAUTHORIZED');
    expect(error?.message).not.toContain('attacker.example');
    expect(grants).toEqual([]);
  });

  function setError(answer: URL): void {
    answer.searchParams.delete('code');
    answer.searchParams.set('error', 'access_denied');
  }
});

test('no token is fetched for another resource than the server', async () => {
  await using authorizationServer = await startAuthorizationServer({ clients });
  await using server = await startModernServer();
  await using guard = await startGuard({
    url: server.url,
    authorizationServers: [authorizationServer],
    resource: 'https://evil.example/mcp',
  });
  const { plugin, open } = withSecrets(createOAuthHarness());
  const { error } = await failureOf(plugin, open(machineCapability(guard.url)));
  expect(error).toMatchObject({ code: 'UNAUTHORIZED', details: { reason: 'resource-mismatch' } });
  expect(authorizationServer.seen).toEqual([]);
});

test.each([301, 302, 307, 308])('a redirect with %i takes neither token nor secret elsewhere', async (status) => {
  await using elsewhere = await startScriptedServer(() => ({ status: 200, body: '{}' }));
  const told = { status, body: undefined };
  await using authorizationServer = await startAuthorizationServer({ clients, onToken: () => told });
  await using redirecting = await startScriptedServer(({ path }) => ({
    status,
    headers: { location: `${new URL(elsewhere.url).origin}${path}` },
  }));
  await using server = await startModernServer();
  // The token endpoint redirects.
  await using second = await startAuthorizationServer({
    clients,
    metadata: { token_endpoint: `${new URL(redirecting.url).origin}/token` },
  });
  for (const named of [authorizationServer, second]) {
    await using guard = await startGuard({ url: server.url, authorizationServers: [named] });
    const { plugin, open } = withSecrets(createOAuthHarness());
    const { error } = await failureOf(plugin, open(machineCapability(guard.url)));
    expect(['UNAUTHORIZED', 'UPSTREAM_ERROR']).toContain(error.code);
  }
  // The MCP server redirects, after it had a token.
  await using third = await startAuthorizationServer({ clients });
  let origin = '';
  await using moved = await startScriptedServer(({ headers, path }) =>
    headers['authorization'] === undefined && path === '/mcp'
      ? { status: 401, headers: { 'www-authenticate': `Bearer resource_metadata="${origin}/metadata"` } }
      : path === '/metadata'
        ? {
            status: 200,
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ resource: `${origin}/mcp`, authorization_servers: [third.issuer] }),
          }
        : { status, headers: { location: elsewhere.url } },
  );
  origin = new URL(moved.url).origin;
  const { plugin, open } = withSecrets(createOAuthHarness());
  const { error } = await failureOf(plugin, open(machineCapability(moved.url)));
  expect(error.code).toBe('UPSTREAM_ERROR');
  expect(third.grants).toEqual(['client_credentials']);
  expect(elsewhere.requests).toEqual([]);
});
