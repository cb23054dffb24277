import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { AuthorizeContext, TokenStore } from '@capstan/provider-mcp';
import { createMemoryTokenStore, createSignIns } from '@capstan/provider-mcp/oauth';
import { failureOf, invocationOf } from './harness.ts';
import { agree, createOAuthHarness, personCapability } from './oauth-harness.ts';
import { startAuthorizationServer, type AuthorizationServerOptions } from './servers/authorization-server.ts';
import { startGuard, type GuardOptions } from './servers/authorization-server-guard.ts';
import { startModernServer } from './servers/modern-server.ts';

async function startWorld(options: AuthorizationServerOptions = {}, guardOptions: Partial<GuardOptions> = {}) {
  const stack = new AsyncDisposableStack();
  const authorizationServer = stack.use(await startAuthorizationServer(options));
  const server = stack.use(await startModernServer());
  const guard = stack.use(
    await startGuard({ url: server.url, authorizationServers: [authorizationServer], ...guardOptions }),
  );
  return { authorizationServer, server, guard, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test('names the command by which a person signs in, and asks nobody by itself', async () => {
  await using world = await startWorld();
  const { plugin, open } = createOAuthHarness();
  const { error, verdict } = await failureOf(plugin, open(personCapability(world.guard.url)));
  expect(error.code).toBe('UNAUTHORIZED');
  expect(error.message).toContain('run capstan login mcp.guarded.echo');
  expect(verdict).toEqual({ kind: 'caller', sent: false });
  expect(world.authorizationServer.authorizations).toHaveLength(0);
});

test('signs in with the host’s help: PKCE, resource, state, exact redirect, registered as what it is', async () => {
  await using world = await startWorld();
  const { guard, authorizationServer } = world;
  const { plugin } = createOAuthHarness({ authorize: agree, redirectUrl: 'http://127.0.0.1:7777/answer' });
  const capability = personCapability(guard.url);
  expect(await plugin.execute(invocationOf(capability, { text: 'hello' }))).toMatchObject({ output: 'hello' });
  expect(Object.fromEntries(authorizationServer.authorizations[0] ?? [])).toMatchObject({
    response_type: 'code',
    code_challenge_method: 'S256',
    resource: guard.url,
    redirect_uri: 'http://127.0.0.1:7777/answer',
    state: expect.stringMatching(/^[\w-]{43}$/),
  });
  expect(authorizationServer.registrations).toEqual([
    expect.objectContaining({ application_type: 'native', grant_types: ['authorization_code', 'refresh_token'] }),
  ]);
});

test('one sign-in is enough for many calls at once, and 8 concurrent refusals cause 1 refresh', async () => {
  await using world = await startWorld();
  const { guard, authorizationServer } = world;
  const { plugin, open } = createOAuthHarness({ authorize: agree });
  const capability = personCapability(guard.url);
  const session = await open(capability);
  authorizationServer.expireAccess();
  guard.holdUntil(8);
  await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      plugin.executeWithSession(session, invocationOf(capability, { text: String(index) })),
    ),
  );
  expect(authorizationServer.grants).toEqual(['authorization_code', 'refresh_token']);
  expect(authorizationServer.reuseDetected).toBe(false);
  expect(authorizationServer.authorizations).toHaveLength(1);
});

test('two plugins that share a store spend a refresh token once, although both want to', async () => {
  const bothWant = Promise.withResolvers<void>();
  await using world = await startWorld({
    beforeToken: async (parameters) => {
      if (parameters.get('grant_type') === 'refresh_token') await bothWant.promise;
    },
  });
  let waiting = 0;
  let queue: Promise<unknown> = Promise.resolve();
  const tokens: TokenStore = {
    ...createMemoryTokenStore(),
    withLock: (_, work) => {
      waiting += 1;
      if (waiting === 3) bothWant.resolve();
      const result = queue.then(work);
      queue = result.catch(() => undefined);
      return result;
    },
  };
  const capability = personCapability(world.guard.url);
  await createOAuthHarness({ tokens, authorize: agree }).plugin.execute(invocationOf(capability));
  expect(waiting).toBe(1);
  world.authorizationServer.expireAccess();
  world.guard.holdUntil(2);
  await Promise.all(
    Array.from({ length: 2 }, () => createOAuthHarness({ tokens }).plugin.execute(invocationOf(capability))),
  );
  expect(world.authorizationServer.grants).toEqual(['authorization_code', 'refresh_token']);
});

test('a sign-in of the command is found by a plugin that runs, without a restart', async () => {
  await using world = await startWorld();
  const store = createMemoryTokenStore();
  const { plugin } = createOAuthHarness({ tokens: store });
  const capability = personCapability(world.guard.url);
  const host = { caller: { subject: 'host' } };
  await failureOf(plugin, plugin.execute(invocationOf(capability, {}, host)));
  await using signIns = createSignIns({ secrets: { read: async () => undefined }, logger: { log: () => {} }, store });
  const signal = new AbortController().signal;
  const redirectUrl = new URL('http://127.0.0.1:1/answer');
  const result = await signIns.signIn(capability, { caller: host.caller, authorize: agree, redirectUrl, signal });
  expect(result).toMatchObject({
    server: world.guard.url,
    issuer: world.authorizationServer.issuer,
    client: { kind: 'dynamic' },
    renewable: true,
  });
  expect(await plugin.execute(invocationOf(capability, { text: 'now' }, host))).toMatchObject({ output: 'now' });
  // Somebody else who calls is not this person.
  const other = await failureOf(plugin, plugin.execute(invocationOf(capability, {}, { caller: { subject: 'bob' } })));
  expect(other.error.message).toContain('nobody has signed in');

  expect(await signIns.signOut(capability, { caller: host.caller, signal })).toEqual({
    server: world.guard.url,
    issuer: world.authorizationServer.issuer,
    revoked: true,
  });
  expect(world.authorizationServer.revoked).toHaveLength(1);
  expect(await signIns.signOut(capability, { caller: host.caller, signal })).toMatchObject({ revoked: false });
});

test('says that a sign-in has ended, and looks for a new one at each call', async () => {
  await using world = await startWorld();
  const store = createMemoryTokenStore();
  await createOAuthHarness({ tokens: store, authorize: agree }).plugin.execute(
    invocationOf(personCapability(world.guard.url)),
  );
  world.authorizationServer.revokeAll();
  const { plugin } = createOAuthHarness({ tokens: store });
  const capability = personCapability(world.guard.url);
  const first = await failureOf(plugin, plugin.execute(invocationOf(capability)));
  expect(first.error.message).toMatch(/no longer valid: run capstan login mcp\.guarded\.echo/);
  await createOAuthHarness({ tokens: store, authorize: agree }).plugin.execute(invocationOf(capability));
  expect(await plugin.execute(invocationOf(capability, { text: 'again' }))).toMatchObject({ output: 'again' });
});

test('more rights: asks the person where it can, together with the old ones', async () => {
  await using world = await startWorld(
    {},
    { scopesOf: (method) => (method === 'tools/call' ? ['write'] : ['read']), scopesSupported: ['profile'] },
  );
  const { plugin } = createOAuthHarness({ authorize: agree });
  await plugin.execute(invocationOf(personCapability(world.guard.url)));
  expect(world.authorizationServer.authorizations.map((asked) => asked.get('scope'))).toEqual(['read', 'read write']);
});

test('more rights: else names them and the command', async () => {
  await using world = await startWorld({}, { scopesOf: (method) => (method === 'tools/call' ? ['write'] : ['read']) });
  const store = createMemoryTokenStore();
  const capability = personCapability(world.guard.url);
  const asking = createOAuthHarness({ tokens: store, authorize: agree });
  await asking.open(capability);
  const { plugin } = createOAuthHarness({ tokens: store });
  const { error } = await failureOf(plugin, plugin.execute(invocationOf(capability)));
  expect(error.code).toBe('FORBIDDEN');
  expect(error.message).toContain('run capstan login mcp.guarded.echo --scope "write"');
});

test('does not ask a person twice for what they did not grant', async () => {
  await using world = await startWorld({}, { scopesOf: (method) => (method === 'tools/call' ? ['write'] : []) });
  world.authorizationServer.setScopes((asked) => asked.filter((scope) => scope !== 'write'));
  const { plugin } = createOAuthHarness({ authorize: agree });
  const { error } = await failureOf(plugin, plugin.execute(invocationOf(personCapability(world.guard.url))));
  expect(error.code).toBe('FORBIDDEN');
  expect(world.authorizationServer.authorizations.length).toBeLessThanOrEqual(2);
});

test('asks for a sign-in that lasts where the server offers one', async () => {
  await using world = await startWorld({ scopesSupported: ['read', 'offline_access'] }, { scopesOf: () => ['read'] });
  await createOAuthHarness({ authorize: agree }).open(personCapability(world.guard.url));
  expect(world.authorizationServer.authorizations[0]?.get('scope')).toBe('read offline_access');
});

test('introduces itself by its metadata document before it registers itself', async () => {
  await using world = await startWorld({ metadataDocuments: true });
  const url = 'https://client.example/capstan.json';
  const { open } = createOAuthHarness({ authorize: agree });
  await open(personCapability(world.guard.url, { mcp_oauth_metadata_url: url }));
  expect(world.authorizationServer.authorizations[0]?.get('client_id')).toBe(url);
  expect(world.authorizationServer.registrations).toHaveLength(0);
});

test('is the client that was registered by hand before anything else', async () => {
  await using world = await startWorld({ metadataDocuments: true, clients: { byHand: { secret: 'shh-by-hand' } } });
  const { open, secrets } = createOAuthHarness({ authorize: agree });
  secrets['CLIENT_ID'] = 'byHand';
  secrets['CLIENT_SECRET'] = 'shh-by-hand';
  await open(
    personCapability(world.guard.url, {
      mcp_oauth_metadata_url: 'https://client.example/capstan.json',
      mcp_oauth_client_id_env_var: 'CLIENT_ID',
      mcp_oauth_client_secret_env_var: 'CLIENT_SECRET',
    }),
  );
  expect(world.authorizationServer.authorizations[0]?.get('client_id')).toBe('byHand');
});

test('says that a client has to be registered by hand where the server registers none', async () => {
  await using world = await startWorld({ registration: false });
  const { plugin, open } = createOAuthHarness({ authorize: agree });
  const { error } = await failureOf(plugin, open(personCapability(world.guard.url)));
  expect(error.message).toContain('mcp_oauth_client_id_env_var');
});

test('tells the host what the person is asked for', async () => {
  await using world = await startWorld({}, { scopesOf: () => ['read'] });
  let context: AuthorizeContext | undefined;
  const { open } = createOAuthHarness({
    authorize: (url, asked) => {
      context = asked;
      return agree(url, asked);
    },
  });
  await open(personCapability(world.guard.url));
  expect(context).toMatchObject({
    server: world.guard.url,
    issuer: world.authorizationServer.issuer,
    scopes: ['read'],
    caller: { subject: 'alice' },
  });
  expect(context?.previousIssuer).toBeUndefined();
});

test('no token and no secret is in an error, a log, a session or a key', async () => {
  await using world = await startWorld({}, { scopesOf: (method) => (method === 'tools/call' ? ['never'] : []) });
  world.authorizationServer.setScopes(() => []);
  const harness = createOAuthHarness({ authorize: agree });
  const capability = personCapability(world.guard.url);
  const session = await harness.open(capability);
  const { error } = await failureOf(
    harness.plugin,
    harness.plugin.executeWithSession(session, invocationOf(capability)),
  );
  world.authorizationServer.revokeAll();
  const key = harness.plugin.sessionKey(capability, { subject: 'alice' });
  const everything = [error, session, key, harness.logged, harness.plugin.describeSession?.(session)]
    .map((thing) => `${inspect(thing, { depth: 20, showHidden: true, maxStringLength: null })}${JSON.stringify(thing)}`)
    .join('\n');
  expect(everything).not.toMatch(/(access|refresh)-[0-9a-f]{8}-/);
});
