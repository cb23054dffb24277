import { readdir, readFile, stat } from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type AuthorizationServer,
  type AuthorizationServerOptions,
  startAuthorizationServer,
} from '../../packages/provider-mcp/test/servers/authorization-server.ts';
import { type Guard, startGuard } from '../../packages/provider-mcp/test/servers/authorization-server-guard.ts';
import { startModernServer } from '../../packages/provider-mcp/test/servers/modern-server.ts';
import { documentOf, type Finished, type Running, startCapstan } from './capstan.ts';
import { type ToyWorkspace, toyWorkspace } from './toy-workspace.ts';

interface World extends AsyncDisposable {
  readonly toys: ToyWorkspace;
  readonly authorizationServer: AuthorizationServer;
  readonly guard: Guard;
  readonly dataFolder: string;
  run(args: readonly string[]): Promise<Finished>;
  start(args: readonly string[]): Running;
}

/** A folder with a manifest for an MCP server behind a sign-in, and data of the user's in a place of their own. */
async function startWorld(options: AuthorizationServerOptions = {}, metadata = ''): Promise<World> {
  const stack = new AsyncDisposableStack();
  const authorizationServer = stack.use(await startAuthorizationServer(options));
  const server = stack.use(await startModernServer());
  const guard = stack.use(await startGuard({ url: server.url, authorizationServers: [authorizationServer] }));
  const dataFolder = mkdtempSync(join(tmpdir(), 'capstan-login-'));
  stack.defer(() => rmSync(dataFolder, { recursive: true, force: true }));
  const toys = stack.use(
    await toyWorkspace({
      'capabilities/toy.yaml': undefined,
      'capabilities/guarded.yaml': `metadata:
  mcp_server_url: ${guard.url}
  mcp_auth: oauth2_code
${metadata}capabilities:
  - id: mcp.guarded.echo
    effect: read
    metadata: { mcp_tool_name: echo }
  - id: mcp.guarded.open
    effect: read
    metadata: { mcp_tool_name: echo, mcp_auth: none }
`,
    }),
  );
  const start = (args: readonly string[]): Running =>
    startCapstan(args, {
      folder: toys.folder,
      environment: { CAPSTAN_DATA_DIR: dataFolder, CAPSTAN_KEYCHAIN: 'off', CLIENT_ID: 'byHand' },
    });
  return {
    toys,
    authorizationServer,
    guard,
    dataFolder,
    start,
    run: (args) => start(args).finished,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** The page that the command asks to be opened. */
async function pageOf({ child, finished }: Running): Promise<URL> {
  const page = Promise.withResolvers<URL>();
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    const found = /this page: (\S+)\n/.exec(said)?.[1];
    if (found !== undefined) page.resolve(new URL(found));
  });
  finished.then(
    ({ stdout, stderr }) => page.reject(new Error(`It named no page: ${stdout}${stderr}`)),
    (error: unknown) => page.reject(error),
  );
  return await page.promise;
}

/** What a browser does: gets the page, follows to where it is sent. */
async function browse(page: URL): Promise<Response> {
  return await fetch(page, { redirect: 'follow' });
}

test('a person signs in once, the calls of later processes use it, and signing out ends it', async () => {
  await using world = await startWorld();
  const before = await world.run(['call', 'mcp.guarded.echo', 'text=hello', '--json']);
  expect(before.exitCode).toBe(6);
  expect(before.stdout).toContain('run capstan login mcp.guarded.echo');

  const login = world.start(['login', 'mcp.guarded.echo', '--json']);
  const page = await pageOf(login);
  const shown = await browse(page);
  expect(shown.status).toBe(200);
  expect(await shown.text()).toContain('Go back to the terminal');
  const result = await login.finished;
  expect(documentOf(result)).toMatchObject({
    server: world.guard.url,
    issuer: world.authorizationServer.issuer,
    client: { kind: 'dynamic' },
    renewable: true,
    caller: 'host',
    expiresAt: expect.any(Number),
  });
  expect(result.exitCode).toBe(0);

  const after = await world.run(['call', 'mcp.guarded.echo', 'text=hello']);
  expect(after).toMatchObject({ stdout: 'hello\n', exitCode: 0 });
  world.authorizationServer.expireAccess();
  expect((await world.run(['call', 'mcp.guarded.echo', 'text=again'])).stdout).toBe('again\n');
  expect(world.authorizationServer.grants).toEqual(['authorization_code', 'refresh_token']);

  const files = await readdir(world.dataFolder, { recursive: true, withFileTypes: true });
  for (const file of files.filter((entry) => entry.isFile())) {
    const path = join(file.parentPath, file.name);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'latin1')).not.toMatch(/access-|refresh-/);
  }
  expect(`${result.stdout}${result.stderr}`).not.toMatch(/(access|refresh)-[0-9a-f]{8}-/);

  const logout = await world.run(['logout', 'mcp.guarded.echo', '--json']);
  expect(documentOf(logout)).toMatchObject({ signedOut: true, revoked: true });
  expect((await world.run(['call', 'mcp.guarded.echo', 'text=gone'])).exitCode).toBe(6);
  expect(documentOf(await world.run(['logout', 'mcp.guarded.echo', '--json']))).toMatchObject({ signedOut: false });
});

test.each([
  ['the URL of the server', ({ guard }: World) => guard.url],
  ['the name of the manifest', () => 'guarded'],
  ['the path of the manifest', () => 'capabilities/guarded.yaml'],
])('%s is enough to say where', async (_, wordOf) => {
  await using world = await startWorld();
  const login = world.start(['login', wordOf(world), '--scope', 'read write']);
  const page = await pageOf(login);
  expect(page.searchParams.get('scope')).toBe('read write');
  await browse(page);
  const { stdout, exitCode } = await login.finished;
  expect(exitCode).toBe(0);
  expect(stdout).toContain(`Signed in at ${world.guard.url}`);
  expect(stdout).toMatch(
    /issuer {2}http:.*\n.*client.*registered by itself.*\n.*scopes {2}read write\n.*renewed by itself/,
  );
  expect((await world.run(['call', 'mcp.guarded.echo', 'text=x'])).exitCode).toBe(0);
});

describe('the place where the browser comes back', () => {
  test('takes only the answer to its own question, by its own name, once', async () => {
    await using world = await startWorld();
    const login = world.start(['login', 'mcp.guarded.echo']);
    const page = await pageOf(login);
    const redirect = new URL(page.searchParams.get('redirect_uri') ?? '');
    expect(redirect.hostname).toBe('127.0.0.1');
    expect(redirect.pathname).toMatch(/^\/[\w-]{22}$/);
    const statusOf = async (change: (url: URL) => void, init: RequestInit = {}): Promise<number> => {
      const url = new URL(redirect);
      url.searchParams.set('code', 'stolen');
      url.searchParams.set('state', page.searchParams.get('state') ?? '');
      change(url);
      const response = await fetch(url, init);
      await response.body?.cancel();
      return response.status;
    };
    expect(await statusOf((url) => (url.pathname = '/callback'))).toBe(404);
    expect(await statusOf((url) => (url.hostname = 'localhost'))).toBe(404);
    expect(await statusOf(() => {}, { method: 'POST' })).toBe(404);
    expect(await statusOf((url) => url.searchParams.set('state', 'another'))).toBe(400);
    expect((await browse(page)).status).toBe(200);
    expect((await login.finished).exitCode).toBe(0);
    await expect(statusOf(() => {})).rejects.toBeInstanceOf(TypeError);
  });

  test('is where a client that was registered by hand expects it', async () => {
    await using world = await startWorld(
      { registration: false, clients: { byHand: {} } },
      '  mcp_oauth_client_id_env_var: CLIENT_ID\n',
    );
    const login = world.start(['login', 'mcp.guarded.echo']);
    const page = await pageOf(login);
    expect(page.searchParams.get('client_id')).toBe('byHand');
    expect(new URL(page.searchParams.get('redirect_uri') ?? '').pathname).toBe('/callback');
    await browse(page);
    expect((await login.finished).stdout).toContain('registered by hand');
  });

  test('is given up on Ctrl-C', async () => {
    await using world = await startWorld();
    const login = world.start(['login', 'mcp.guarded.echo']);
    await pageOf(login);
    login.child.kill('SIGINT');
    expect((await login.finished).exitCode).toBe(130);
    expect((await world.run(['call', 'mcp.guarded.echo'])).exitCode).toBe(6);
  });
});

test('a sign-in that the person declines is told as such', async () => {
  await using world = await startWorld();
  const login = world.start(['login', 'mcp.guarded.echo', '--json']);
  const page = await pageOf(login);
  const answer = new URL(page.searchParams.get('redirect_uri') ?? '');
  answer.searchParams.set('error', 'access_denied');
  answer.searchParams.set('state', page.searchParams.get('state') ?? '');
  await browse(answer);
  const { exitCode, stdout } = await login.finished;
  expect(exitCode).toBe(6);
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: 'UNAUTHORIZED', details: { oauthError: 'access_denied' } },
  });
});

test('says what is wrong with what it was asked for', async () => {
  await using world = await startWorld();
  await using open = await startModernServer();
  const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['login', 'mcp.guarded.open'], 2, /Nobody has to sign in for mcp\.guarded\.open/],
    [['login', 'mcp.guarded.ech'], 4, /Did you mean mcp\.guarded\.echo/],
    [['login', 'mcp.guarded.echo', '--redirect-url', 'https://elsewhere.example/x'], 2, /--redirect-url must be/],
    [['login', open.url], 7, /asks for no sign-in/],
    [['login', 'http://127.0.0.1:9/mcp'], 7, /UPSTREAM_ERROR/],
  ];
  for (const [args, exitCode, message] of cases) {
    const finished = await world.run(args);
    expect({ args, exitCode: finished.exitCode }).toEqual({ args, exitCode });
    expect(finished.stderr).toMatch(message);
  }
});

test('nothing that a sign-in makes is printed, even where the authorization server repeats all of it', async () => {
  const made: string[] = [];
  await using world = await startWorld({
    onToken: (parameters) => {
      for (const name of ['code', 'code_verifier', 'client_secret', 'refresh_token']) {
        const value = parameters.get(name);
        if (value !== null) made.push(value);
      }
      return { status: 400, body: { error: 'invalid_grant', error_description: `no: ${parameters.toString()}` } };
    },
  });
  for (const form of ['--verbose', '--json']) {
    const login = world.start(['login', 'mcp.guarded.echo', form]);
    await browse(await pageOf(login));
    const { stdout, stderr, exitCode } = await login.finished;
    expect(exitCode).toBe(6);
    expect(made.length).toBeGreaterThanOrEqual(2);
    expect(stdout + stderr).toContain('[secret]');
    for (const secret of made) expect(stdout + stderr).not.toContain(secret);
  }
});
