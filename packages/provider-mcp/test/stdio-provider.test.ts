import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import type { Metadata } from '@capstan/provider';
import { capabilityOf, createHarness, failureOf, invocationOf, type Harness } from './harness.ts';

const script = fileURLToPath(new URL('./servers/stdio-server.ts', import.meta.url));
const folders: string[] = [];

afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
});

async function stdioCapability(form: string, metadata: Metadata = {}, args: readonly string[] = []) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'capstan-mcp-')));
  folders.push(folder);
  return capabilityOf(
    {
      mcp_command: process.execPath,
      mcp_args: ['--conditions=capstan-source', script, form, ...args].join('\n'),
      mcp_tool_name: 'inspect',
      ...metadata,
    },
    { source: { file: join(folder, 'manifest.yaml'), line: 1, column: 1 } },
  );
}

function withTool<T extends { readonly metadata: Metadata }>(capability: T, name: string): T {
  return { ...capability, metadata: { ...capability.metadata, mcp_tool_name: name } };
}

interface Facts {
  readonly pid: number;
  readonly cwd: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

async function inspectChild(
  { plugin }: Harness,
  session: Parameters<Harness['plugin']['executeWithSession']>[0],
  capability: Awaited<ReturnType<typeof stdioCapability>>,
) {
  const { output } = await plugin.executeWithSession(session, invocationOf(capability));
  return output as unknown as Facts;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test.each([
  ['dual', 'auto', '2026-07-28'],
  ['dual', 'modern', '2026-07-28'],
  ['dual', 'legacy', '2025-11-25'],
  ['legacy', 'auto', '2025-11-25'],
])(
  'calls a %s server over stdio (mcp_protocol: %s), and its process is gone after the end',
  async (form, mcp_protocol, version) => {
    const harness = createHarness();
    const capability = await stdioCapability(form, { mcp_protocol });
    const session = await harness.open(capability);
    expect(harness.plugin.describeSession?.(session)).toEqual({
      light: false,
      maxConcurrency: 8,
      protocolVersion: version,
      upstreamName: 'stdio-test-server',
    });
    const { pid } = await inspectChild(harness, session, capability);
    expect(isRunning(pid)).toBe(true);
    await harness.plugin.terminateSession(session, 'idle');
    expect(isRunning(pid)).toBe(false);
    await harness.plugin.terminateSession(session, 'idle');
  },
);

test('ends a process that does not want to', async () => {
  const harness = createHarness();
  const capability = await stdioCapability('stubborn', { mcp_protocol: 'legacy' });
  const session = await harness.open(capability);
  const { pid } = await inspectChild(harness, session, capability);
  await harness.plugin.terminateSession(session, 'drain');
  expect(isRunning(pid)).toBe(false);
});

test('reports a process that is killed between calls', async () => {
  const harness = createHarness();
  const capability = await stdioCapability('dual');
  const lost = Promise.withResolvers<unknown>();
  const session = await harness.open(capability, { onLost: lost.resolve });
  const { pid } = await inspectChild(harness, session, capability);
  process.kill(pid, 'SIGKILL');
  expect(await lost.promise).toBeInstanceOf(Error);
  await harness.plugin.terminateSession(session, 'lost');
});

test('carries many calls on one process', async () => {
  const { plugin, open } = createHarness();
  const capability = await stdioCapability('dual', { mcp_tool_name: 'echo' });
  const session = await open(capability);
  const results = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      plugin.executeWithSession(session, invocationOf(capability, { text: `${index}` })),
    ),
  );
  expect(results.map(({ output }) => output)).toEqual(Array.from({ length: 16 }, (_, index) => `${index}`));
  await plugin.terminateSession(session, 'idle');
});

test('starts the process in the folder of the manifest, with arguments as they are and few variables', async () => {
  process.env['CAPSTAN_TEST_UNRELATED'] = 'must not be inherited';
  const harness = createHarness();
  harness.secrets['OUR_TOKEN'] = 'child-secret';
  const odd = ['$(touch pwned)', 'a b', '; exit 1', '*'];
  const capability = await stdioCapability('dual', { mcp_env: 'CHILD_TOKEN=OUR_TOKEN' }, odd);
  const session = await harness.open(capability);
  const { cwd, args, env } = await inspectChild(harness, session, capability);
  delete process.env['CAPSTAN_TEST_UNRELATED'];
  expect(cwd).toBe(folders.at(-1));
  expect(args).toEqual(odd);
  expect(env['CHILD_TOKEN']).toBe('child-secret');
  expect(
    Object.keys(env).filter((name) => !['HOME', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'USER'].includes(name)),
  ).toEqual(['CHILD_TOKEN']);
  await harness.plugin.terminateSession(session, 'idle');
});

test('takes mcp_cwd relative to the manifest, and says where it is missing', async () => {
  const harness = createHarness();
  const capability = await stdioCapability('dual', { mcp_cwd: '..' });
  const session = await harness.open(capability);
  const { cwd } = await inspectChild(harness, session, capability);
  expect(cwd).toBe(await realpath(tmpdir()));
  await harness.plugin.terminateSession(session, 'idle');
  const missing = await stdioCapability('dual', { mcp_cwd: 'nowhere' });
  const { error } = await failureOf(harness.plugin, harness.open(missing));
  expect(error.code).toBe('MANIFEST_INVALID');
  expect(error.message).toContain('nowhere');
});

test.each(['LD_PRELOAD', 'NODE_OPTIONS', 'node_options', 'DYLD_INSERT_LIBRARIES', 'BASH_ENV'])(
  'refuses to set %s in the process',
  async (name) => {
    const { plugin, open } = createHarness();
    const { error } = await failureOf(plugin, open(await stdioCapability('dual', { mcp_env: `${name}=X` })));
    expect(error.code).toBe('MANIFEST_INVALID');
    expect(error.message).toContain(name);
  },
);

test('names the variable that mcp_env misses', async () => {
  const { plugin, open } = createHarness();
  const { error } = await failureOf(plugin, open(await stdioCapability('dual', { mcp_env: 'A=MISSING_ONE' })));
  expect(error.code).toBe('UNAUTHORIZED');
  expect(error.message).toContain('MISSING_ONE');
});

test.each(['auto', 'legacy', 'modern'])('names a command that does not exist (%s)', async (mcp_protocol) => {
  const { plugin, open } = createHarness();
  const capability = await stdioCapability('dual', { mcp_command: 'capstan-no-such-command', mcp_protocol });
  const { error, verdict } = await failureOf(plugin, open(capability));
  expect(error.code).toBe('UPSTREAM_ERROR');
  expect(error.message).toContain('capstan-no-such-command was not found');
  expect(verdict).toEqual({ kind: 'fatal', sent: false });
});

test('starts no command that the host does not allow', async () => {
  const { plugin, open } = createHarness({ provider: { commands: ['/usr/bin/allowed'] } });
  const { error } = await failureOf(plugin, open(await stdioCapability('dual')));
  expect(error.code).toBe('MANIFEST_INVALID');
  expect(error.message).toContain('not one of the commands');
});

test('shows the last lines of a process that dies at its start, without its secrets', async () => {
  const { plugin, open, secrets } = createHarness();
  secrets['OUR_TOKEN'] = 'canary-child-77';
  const capability = await stdioCapability('dies', { mcp_env: 'CHILD_TOKEN=OUR_TOKEN' });
  const { error, verdict } = await failureOf(plugin, open(capability));
  const lines = [1, 2, 3, 4, 5, 6, 7].map((line) => `reason ${line} [secret]`);
  expect(error.code).toBe('UPSTREAM_ERROR');
  expect(error.message).toContain(`ended before it answered: ${lines.join('; ')}.`);
  expect(error.details['stderr']).toEqual(lines);
  expect(verdict).toEqual({ kind: 'session-lost', sent: false });
  expect(JSON.stringify(error)).not.toContain('canary');
});

test.each(['auto', 'legacy'])('says which process ended before it answered, and why (%s)', async (mcp_protocol) => {
  const { plugin, open } = createHarness();
  const capability = await stdioCapability('dual', { mcp_command: 'node', mcp_args: 'nofile.js', mcp_protocol });
  for (const attempt of [() => open(capability), () => plugin.execute(invocationOf(capability))]) {
    const { error, verdict } = await failureOf(plugin, attempt());
    expect(error.message).toMatch(
      /failed: the process `node nofile\.js` ended before it answered: Error: Cannot find module '\S*nofile\.js'\.$/,
    );
    expect(error.details['stderr']).toContainEqual(expect.stringMatching(/^Node\.js v/));
    expect(verdict).toEqual({ kind: 'session-lost', sent: false });
  }
});

test.each(['auto', 'legacy'])('says so of a process that ends without a word (%s)', async (mcp_protocol) => {
  const { plugin, open } = createHarness();
  const { error } = await failureOf(
    plugin,
    open(await stdioCapability('dual', { mcp_command: 'false', mcp_args: '', mcp_protocol })),
  );
  expect(error.message).toBe('Opening a session failed: the process `false` ended before it answered.');
});

test('says that a process ended at the question for its revision', async () => {
  const { plugin, open } = createHarness();
  const capability = await stdioCapability('dual', { mcp_command: 'false', mcp_args: '', mcp_protocol: 'modern' });
  const { error, verdict } = await failureOf(plugin, open(capability));
  expect(error.message).toContain('false ended at the question');
  expect(error.message).toContain('mcp_protocol: auto');
  expect(verdict).toEqual({ kind: 'fatal', sent: false });
});

test.each([
  ['an option for a secret', '--token\ncanary'],
  ['a secret in an option', '--api-key=canary'],
  ['an issued token', 'canary0123456789abcdef'],
  ['credentials in an address', 'postgres://me:canary@db.example/x'],
])('shows the command alone where its arguments hold %s', async (_, args) => {
  const { plugin, open } = createHarness();
  const capability = await stdioCapability('dual', { mcp_command: 'false', mcp_args: args });
  const { error } = await failureOf(plugin, open(capability));
  expect(error.message).toBe('Opening a session failed: the process `false` ended before it answered.');
});

test('keeps twenty lines of a process that dies, and leaves what is long out of the message', async () => {
  const { plugin, open } = createHarness();
  const script = 'for (let i = 1; i <= 30; i++) console.error(`${i} ${"x".repeat(i === 29 ? 400 : 3)}.`)';
  const capability = await stdioCapability('dual', { mcp_command: 'node', mcp_args: `-e\n${script}` });
  const { error } = await failureOf(plugin, open(capability));
  expect(error.details['stderr']).toHaveLength(20);
  expect(error.message).toMatch(/ended before it answered: 30 xxx\.$/);
});

describe('when the process ends during a call', () => {
  test.each(['dual', 'legacy'])('says so, and reports the session as lost once (%s)', async (form) => {
    const { plugin, open } = createHarness();
    const capability = withTool(await stdioCapability(form), 'exit');
    let lost = 0;
    const session = await open(capability, { onLost: () => (lost += 1) });
    const { error, verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
    expect(error.code).toBe('SESSION_LOST');
    expect(verdict).toEqual({ kind: 'session-lost', sent: true });
    expect(lost).toBe(1);
    const next = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
    expect(next.verdict).toEqual({ kind: 'session-lost', sent: false });
    await plugin.terminateSession(session, 'lost');
    expect(lost).toBe(1);
  });
});

test('reads all that a process writes to its standard error', async () => {
  const { plugin, open } = createHarness();
  const capability = await stdioCapability('dual', { mcp_tool_name: 'chatter' });
  const session = await open(capability);
  expect(await plugin.executeWithSession(session, invocationOf(capability, { bytes: 10_485_760 }))).toMatchObject({
    output: 'said',
  });
  await plugin.terminateSession(session, 'idle');
});

test('tells a call over stdio its log only while no other call runs', async () => {
  const { plugin, open } = createHarness();
  const capability = await stdioCapability('legacy', { mcp_tool_name: 'echo' });
  const session = await open(capability);
  const heard: unknown[] = [];
  const onLog = (entry: unknown): void => void heard.push(entry);
  await plugin.executeWithSession(session, invocationOf(capability, { text: 'alone' }, { onLog }));
  expect(heard).toEqual([{ level: 'error', data: 'echo alone' }]);
  const slow = withTool(capability, 'slow');
  const other = plugin.executeWithSession(session, invocationOf(slow, { steps: 1, stepMs: 300 }));
  await plugin.executeWithSession(session, invocationOf(capability, { text: 'together' }, { onLog }));
  await other;
  expect(heard).toHaveLength(1);
  await plugin.terminateSession(session, 'idle');
});

test('runs a process per call where no session is wanted, and warns about it once', async () => {
  const { plugin, logged } = createHarness();
  const capability = await stdioCapability('dual', { mcp_requires_session: 'false' });
  const [first, second] = [
    await plugin.execute(invocationOf(capability)),
    await plugin.execute(invocationOf(capability)),
  ];
  const pids = [first, second].map(({ output }) => (output as unknown as Facts).pid);
  expect(new Set(pids).size).toBe(2);
  expect(pids.map(isRunning)).toEqual([false, false]);
  expect(logged).toMatchObject([{ level: 'warning', message: 'mcp.process-per-call' }]);
});
