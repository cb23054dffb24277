import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import type { ManifestDraft } from '@capstan/provider';
import { expect, test } from 'vitest';
import { commandMetadata } from '../src/discover/upstream-draft.ts';
import { createDiscoverHarness, tool } from './discover-harness.ts';
import { startCatalogServer } from './servers/catalog-server.ts';
import { startLegacyServer } from './servers/legacy-server.ts';

const { discover } = createDiscoverHarness();

interface ConfigFile extends AsyncDisposable {
  readonly path: string;
  readonly folder: string;
}

async function configFile(name: string, content: unknown): Promise<ConfigFile> {
  const folder = await mkdtemp(join(tmpdir(), 'capstan-config-'));
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return { path, folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** A server over stdio with one tool, whose description is the value of a variable and the working directory. */
const serverScript = [
  "const answers = { initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } }),",
  "'tools/list': () => ({ tools: [{ name: 'look', description: [typeof process.env.API_KEY, process.env.PLACE, process.cwd()].join(' '), inputSchema: { type: 'object' } }] }) };",
  "require('node:readline').createInterface(process.stdin).on('line', (line) => { const { id, method, params } = JSON.parse(line); if (id === undefined) return;",
  "const answer = answers[method]; console.log(JSON.stringify(answer ? { jsonrpc: '2.0', id, result: answer(params) } : { jsonrpc: '2.0', id, error: { code: -32601, message: 'no' } })); });",
].join(' ');
const stdio = { command: process.execPath, args: ['-e', serverScript] };

const idsOf = (drafts: readonly ManifestDraft[]): readonly string[] => drafts.map(({ capability }) => capability.id);

test.each([
  ['claude_desktop_config.json', 'mcpServers'],
  ['.cursor/mcp.json', 'mcpServers'],
  ['.vscode/mcp.json', 'servers'],
])('reads every server of %s', async (name, key) => {
  await using server = await startCatalogServer({ tools: [tool('a')] });
  const servers = { local: stdio, 'remote one': { type: 'http', url: server.url }, off: { ...stdio, disabled: true } };
  await using config = await configFile(name, { [key]: servers });
  const drafts = await discover({ location: [config.path] });
  expect(idsOf(drafts)).toEqual(['mcp.local.look', 'mcp.remote_one.a']);
  expect(drafts[1]?.metadata).toEqual({ mcp_server_url: server.url, mcp_requires_session: 'auto' });
});

test('reads comments, trailing commas and a byte order mark, and folders of the project', async () => {
  const text = `\uFEFF{
    // What "servers" means: // is no comment in here
    "servers": { /* all, of them */
      "look": { "command": ${JSON.stringify(process.execPath)}, "args": ["-e", ${JSON.stringify(serverScript)},],
        "env": { "PLACE": "\${workspaceFolder}/data" }, },
    },
  }`;
  await using config = await configFile('.vscode/mcp.json', text);
  const [draft] = await discover({ location: [config.path] });
  expect(draft?.metadata).toMatchObject({ mcp_args: `-e\n${serverScript}`, mcp_env: 'PLACE=PLACE' });
  expect(draft?.capability.description).toBe(`undefined ${config.folder}/data ${config.folder}`);
});

test('uses the secrets of a configuration for its run, and names variables instead of them', async () => {
  const canary = 'sk-canary0123456789abcdefghij';
  await using server = await startLegacyServer({ token: canary });
  await using config = await configFile('claude_desktop_config.json', {
    mcpServers: {
      remote: { url: server.url, headers: { Authorization: `Bearer ${canary}`, 'X-Team': 'blue' } },
      local: { ...stdio, env: { API_KEY: canary } },
      second: { ...stdio, env: { API_KEY: `${canary}2` } },
    },
  });
  const drafts = await discover({ location: [config.path] });
  const byServer = Map.groupBy(drafts, ({ capability }) => capability.id.split('.')[1]);
  const [remote] = byServer.get('remote') ?? [];
  expect(remote?.metadata).toMatchObject({ mcp_auth_env_var: 'REMOTE_TOKEN' });
  expect(remote?.sharedNotes).toEqual([
    'the header X-Team is left out: mcp_auth_header carries one header, the credential',
    'set REMOTE_TOKEN to the value that stands in the configuration',
  ]);
  expect(byServer.get('local')?.[0]?.metadata).toMatchObject({ mcp_env: 'API_KEY=API_KEY' });
  expect(byServer.get('local')?.[0]?.capability.description).toMatch(/^string/);
  expect(byServer.get('second')?.[0]?.metadata).toMatchObject({ mcp_env: 'API_KEY=SECOND_API_KEY' });
  expect(JSON.stringify(drafts)).not.toContain(canary);
});

test.each([
  ['${env:MY_KEY}', 'MY_KEY'],
  ['${MY_KEY}', 'MY_KEY'],
  ['${MY_KEY:-nothing}', 'MY_KEY'],
  ['${input:my-key}', 'MY_KEY'],
])('takes %s for the variable %s', async (value, variable) => {
  const { discover: look, secrets } = createDiscoverHarness();
  secrets[variable] = 'from the environment';
  await using config = await configFile('mcp.json', { servers: { s: { ...stdio, env: { API_KEY: value } } } });
  const [draft] = await look({ location: [config.path] });
  expect(draft?.metadata).toMatchObject({ mcp_env: `API_KEY=${variable}` });
  expect(draft?.capability.description).toMatch(/^string/);
});

test('a header of another name carries the bare value', async () => {
  await using server = await startLegacyServer({ token: 'secret-key', tokenHeader: 'x-api-key' });
  await using config = await configFile('mcp.json', {
    servers: { s: { url: server.url, headers: { 'X-API-Key': 'Bearer secret-key' } } },
  });
  const [draft] = await discover({ location: [config.path] });
  expect(draft?.metadata).toMatchObject({
    mcp_auth_env_var: 'X_API_KEY',
    mcp_auth_header: 'X-API-Key',
    mcp_auth_scheme: '',
  });
});

test('a server that fails keeps none of the others back', async () => {
  await using config = await configFile('mcp.json', {
    servers: { broken: { command: 'no-such-command-anywhere' }, empty: {}, works: stdio },
  });
  const { plugin } = createDiscoverHarness();
  const found: ManifestDraft[] = [];
  const run = async (): Promise<void> => {
    if (!('discover' in plugin)) throw new TypeError('The plugin cannot import.');
    const { discover: look } = plugin as unknown as {
      readonly discover: (target: object, signal: AbortSignal) => AsyncIterable<ManifestDraft>;
    };
    const target = { location: [config.path], caller: {} };
    for await (const draft of look(target, new AbortController().signal)) found.push(draft);
  };
  await expect(run()).rejects.toMatchObject({ message: expect.stringMatching(/"broken": .*\n- "empty": /s) });
  expect(idsOf(found)).toEqual(['mcp.works.look']);
});

test.each([
  [['--api-key', 'hunter2hunter2']],
  [['--token=abc123']],
  [['ghp_0123456789abcdefghijklmn']],
  [['postgres://me:secret@host/db']],
  [['API_TOKEN=abc']],
  [['--header', 'Authorization: Bearer abc123']],
  [['https://x.example/?api_key=abc']],
  [['https://x.example/?accessToken=abc']],
  [['--header=Authorization:Bearer abc123']],
  [['-HAuthorization: Bearer abc123']],
  [['--header', 'Cookie: sid=abc']],
  [['--db=postgres://me:secret@host/db']],
  [['-eTOKEN=abc']],
  [['--env=PASSWORD=hunter2']],
  [['--config', '{"apiKey":"abc"}']],
  [['--config={"token": "abc"}']],
  [['--accessToken', 'abc']],
  [['--clientSecret=abc']],
  [['--password', '4711abc']],
  [['--key', 'f47abc10-58cc-4372-a567-0e02b2c3d479']],
  [['-c', 'FOO_KEY=abcdef123456789 node x']],
  [['-c', 'server --token abc']],
])('refuses the secret in %j, and does not repeat it', async (args) => {
  const failure = await discover({ location: ['npx', '-y', 'server', ...args] }).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('environment variable') });
  expect(String(failure)).not.toMatch(/hunter2|abc|ghp_|me:secret/);
});

test.each([
  [['ghcr.io/x/token-server:1.2']],
  [['--max-tokens', '4096']],
  [['--author=bob']],
  [['--key', './server.key']],
  [['--sort-key=name']],
  [['--api-key-file=/run/secrets/key']],
  [['https://auth.example.com:8443/mcp']],
])('takes %j for no secret', (args) => {
  expect(commandMetadata('the command', ['npx', ...args])).toEqual({ mcp_command: 'npx', mcp_args: args.join('\n') });
});

test('a secret in the command of a configuration is neither written nor shown', async () => {
  await using config = await configFile('mcp.json', { mcpServers: { s: { command: 'npx -y server --api-key abc' } } });
  const failure = await discover({ location: [config.path] }).catch((error: unknown) => error);
  expect(failure).toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining('The command of the server "s"'),
  });
  expect(inspect(failure, { depth: 9 })).not.toContain('abc');
});

test.each([
  [['https://me:secret@example.com/mcp'], 'holds a credential'],
  [['https://example.com/mcp?token=abc'], 'holds a credential'],
  [['https://example.com/mcp#token=abc'], 'holds a credential'],
  [['https://example.com/mcp', 'more'], 'imported by itself'],
  [['npx', 'x', '${env:KEY}'], 'refers to a variable'],
  [['./no-such-config.json'], 'cannot be read'],
])('refuses %j', async (location, says) => {
  const failure = discover({ location });
  await expect(failure).rejects.toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining(says) });
});

test('says what is wrong with a configuration without repeating any of it', async () => {
  await using broken = await configFile('mcp.json', '{ "servers": { "x": sk-canary');
  const failure = await discover({ location: [broken.path] }).catch((error: unknown) => String(error));
  expect(failure).toContain('it is not JSON');
  expect(failure).not.toContain('canary');
  await using other = await configFile('mcp.json', { a: 1 });
  await expect(discover({ location: [other.path] })).rejects.toMatchObject({
    message: expect.stringContaining('neither `mcpServers` nor `servers`'),
  });
});
