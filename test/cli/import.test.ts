import { statSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { documentOf } from './capstan.ts';
import { importWorkspace, tool } from './import-workspace.ts';

const manifest = 'capabilities/changing.yaml';

// Each runs the command several times, and it starts servers.
describe.concurrent('capstan import', { timeout: 120_000 }, () => {
  test('writes a manifest that can be called at once, the same bytes every time', async () => {
    using workspace = importWorkspace([tool('b'), tool('a', { annotations: { readOnlyHint: true } })]);
    const { stdout, stderr, exitCode } = await workspace.importServer();
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(stdout).toContain(`Wrote ${manifest}: 2 capabilities`);
    const text = workspace.read(manifest);
    expect(text).toMatch(
      /mcp_cwd: \.\.\n[^]*# Note: the server says: read-only\n {2}- id: mcp.changing.a\n[^]*effect: once/,
    );
    expect((statSync(join(workspace.folder, manifest)).mode & 0o777).toString(8)).toMatch(/^6[46][04]$/);
    const called = await workspace.run(['call', 'mcp.changing.a', 'a=1']);
    expect(called).toMatchObject({ exitCode: 0, stdout: 'a {"a":"1"} no key\n' });
    await workspace.importServer('--out', 'other');
    expect(workspace.read('other/changing.yaml')).toBe(text);
    expect(workspace.list('capabilities')).toEqual(['changing.yaml']);
  });

  test('takes nothing for gone that it was not asked to look for', async () => {
    using workspace = importWorkspace([tool('a'), tool('b')]);
    await workspace.importServer();
    const resource = `  - id: my.notes\n    kind: resource\n    effect: read\n    metadata:\n      mcp_resource_uri: notes://all\n`;
    const text = workspace.read(manifest) + resource;
    workspace.write(manifest, text);
    for (const options of [[], ['--only', 'a'], ['--only', 'b', '--accept-changes']]) {
      const { stdout, exitCode } = await workspace.importServer(...options);
      expect(stdout).toMatch(/nothing has changed/);
      expect(exitCode).toBe(0);
    }
    expect(workspace.read(manifest)).toBe(text);
    workspace.offer([tool('b')]);
    const gone = await workspace.importServer('--accept-changes');
    expect(gone.stdout).toContain('  - mcp.changing.a\n');
    expect(workspace.read(manifest)).toContain('my.notes');
  });

  test('says so where another upstream of that name was imported, which is reached in another way', async () => {
    using workspace = importWorkspace([tool('a')]);
    await workspace.importServer();
    const text = workspace
      .read(manifest)
      .replace(/ {2}mcp_command[^]*mcp_cwd.*\n/, '  mcp_server_url: http://127.0.0.1:1/mcp\n');
    workspace.write(manifest, text);
    const again = await workspace.importServer('--accept-changes');
    expect(again).toMatchObject({ exitCode: 2 });
    expect(again.stdout).toMatch(/changing\.yaml was imported from another upstream.*--name.*--force/);
    expect(workspace.read(manifest)).toBe(text);
  });

  test('takes options before and after, and everything after -- for the command', async () => {
    using workspace = importWorkspace([tool('a')]);
    const { server } = workspace;
    const before = await workspace.run(['import', 'mcp', '--name', 'x', ...server, '--dry-run']);
    expect(before.stdout).toContain('id: mcp.x.a');
    const after = await workspace.run(['import', '--dry-run', 'mcp', '--', ...server, '--name', 'x']);
    expect(after.stdout).toContain('- --name\n    - x\n');
    expect(workspace.list('capabilities')).toEqual([]);
  });

  test('prints what it would write as a manifest, and as JSON', async () => {
    using workspace = importWorkspace([tool('a')]);
    const shown = await workspace.importServer('--dry-run');
    const document = documentOf(await workspace.importServer('--dry-run', '--json'));
    await workspace.importServer();
    expect(shown.stdout).toContain(workspace.read(manifest));
    expect(document).toMatchObject({
      manifests: [
        { state: 'shown', files: [{ path: join(workspace.folder, manifest), text: workspace.read(manifest) }] },
      ],
    });
  });

  test('again: says what changed, writes nothing until told to, and keeps what people edited', async () => {
    using workspace = importWorkspace([tool('a'), tool('b'), tool('c')]);
    await workspace.importServer();
    const edited = workspace
      .read(manifest)
      .replace('- id: mcp.changing.a', '# about a\n  - id: my.a')
      .replace('effect: once', 'effect: read # sure');
    workspace.write(manifest, edited);
    expect(await workspace.importServer()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('nothing has changed'),
    });
    expect(workspace.read(manifest)).toBe(edited);

    workspace.offer([tool('a', { description: 'Does more' }), tool('c'), tool('d')]);
    const { stdout, exitCode } = await workspace.importServer();
    expect({ exitCode, text: workspace.read(manifest) }).toEqual({ exitCode: 10, text: edited });
    for (const line of ['+ mcp.changing.d', '- mcp.changing.b', '~ my.a: description'])
      expect(stdout).toContain(`  ${line}\n`);
    expect(documentOf(await workspace.importServer('--json'))).toMatchObject({
      manifests: [
        {
          state: 'differs',
          added: ['mcp.changing.d'],
          removed: ['mcp.changing.b'],
          changed: [{ id: 'my.a', fields: ['description'] }],
        },
      ],
    });

    expect((await workspace.importServer('--accept-changes')).exitCode).toBe(0);
    const text = workspace.read(manifest);
    expect(text).toMatch(/# about a\n {2}- id: my.a\n {4}description: Does more\n {4}effect: read # sure\n/);
    expect(text).not.toContain('mcp.changing.b');
    expect((await workspace.importServer()).exitCode).toBe(0);
    expect((await workspace.run(['validate'])).stdout).toContain('3 valid capabilities, 0 errors');
  });

  test('says which shared metadata differ', async () => {
    using workspace = importWorkspace([tool('a')]);
    await workspace.importServer();
    const { stdout, exitCode } = await workspace.importServer('--set', 'session_scope=shared');
    expect({ exitCode, says: stdout.includes('~ metadata: session_scope') }).toEqual({ exitCode: 10, says: true });
    await workspace.importServer('--set', 'session_scope=shared', '--accept-changes');
    expect(workspace.read(manifest)).toContain('  session_scope: shared\n');
  });

  test('leaves alone what it did not write, links, and ids that others have', async () => {
    using workspace = importWorkspace([tool('a')]);
    workspace.write(manifest, '# by hand\nid: mcp.hand\nmetadata: { mcp_command: node, mcp_tool_name: x }\n');
    const refused = await workspace.importServer();
    expect(refused).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('was not written by an import') });
    expect(workspace.read(manifest)).toContain('# by hand');
    expect((await workspace.importServer('--force')).exitCode).toBe(0);

    const taken = await workspace.importServer('--out', 'capabilities/second.yaml');
    expect(taken).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('declared already: mcp.changing.a') });

    workspace.write('elsewhere/target.yaml', workspace.read(manifest));
    unlinkSync(join(workspace.folder, manifest));
    symlinkSync(join(workspace.folder, 'elsewhere/target.yaml'), join(workspace.folder, manifest));
    expect(await workspace.importServer()).toMatchObject({ exitCode: 2, stdout: expect.stringContaining('is a link') });
  });

  test('splits what is too large into a folder, and keeps doing so', async () => {
    const big = (count: number): ReturnType<typeof tool>[] =>
      Array.from({ length: count }, (_, index) =>
        tool(`tool_${String(index).padStart(3, '0')}`, { description: 'word '.repeat(1_500) }),
      );
    using workspace = importWorkspace(big(60));
    expect((await workspace.importServer()).exitCode).toBe(0);
    expect(workspace.list('capabilities')).toEqual(['changing']);
    const parts = workspace.list('capabilities/changing');
    expect(parts.slice(0, 2)).toEqual(['01.yaml', '02.yaml']);
    for (const part of parts) {
      const text = workspace.read(`capabilities/changing/${part}`);
      expect(text).toContain('mcp_cwd: ../..\n');
      expect(Buffer.byteLength(text)).toBeLessThan(256 * 1024);
    }
    expect(await workspace.importServer()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('nothing has changed'),
    });
    workspace.offer(big(61).slice(1));
    expect((await workspace.importServer()).exitCode).toBe(10);
    expect((await workspace.importServer('--accept-changes')).exitCode).toBe(0);
    expect((await workspace.run(['validate'])).stdout).toContain('60 valid capabilities, 0 errors');
  });

  test('reports hidden characters and names that look alike, and writes none of the former', async () => {
    using workspace = importWorkspace([
      tool('read_file', { description: 'Reads\u200b\u{e0049}\u{e0047} a file' }),
      tool('re\u0430d_file'),
    ]);
    const { stdout } = await workspace.importServer();
    expect(stdout).toContain('hidden characters were removed from its description: U+200B, U+E0049, U+E0047');
    expect(stdout).toContain('These names look alike:');
    expect(stdout).toContain(String.raw`re\u{430}d_file`);
    expect(workspace.read(manifest)).toContain('description: Reads a file\n');
    const second = await workspace.importServer('--name', 'other');
    expect(second.stdout).toContain('look alike');
  });

  test('never writes nor prints a secret of a configuration', async () => {
    using workspace = importWorkspace([tool('a')]);
    const canary = 'canary-5c1f7e';
    const [command = '', ...args] = workspace.server;
    workspace.write('mcp.json', JSON.stringify({ servers: { one: { command, args, env: { API_KEY: canary } } } }));
    const finished = await workspace.run(['import', 'mcp', 'mcp.json', '--verbose']);
    expect(finished).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('set API_KEY to the value') });
    const text = workspace.read('capabilities/one.yaml');
    expect(text).toContain('mcp_env: API_KEY=API_KEY\n');
    expect(finished.stdout + finished.stderr + text).not.toContain(canary);
    expect((await workspace.run(['call', 'mcp.one.a'])).exitCode).toBe(6);
    const called = await workspace.run(['call', 'mcp.one.a'], { API_KEY: 'mine' });
    expect(called.stdout).toContain('mine');
  });

  test('writes the servers of a configuration that answer, and tells of the others', async () => {
    using workspace = importWorkspace([tool('a')]);
    const [command = '', ...args] = workspace.server;
    const servers = { good: { command, args }, bad: { command: 'no-such-command-anywhere' } };
    workspace.write('.vscode/mcp.json', `// all\n${JSON.stringify({ servers })}`);
    const { stdout, stderr, exitCode } = await workspace.run(['import', 'mcp', '.vscode/mcp.json']);
    expect({ wrote: stdout.includes('Wrote capabilities/good.yaml'), exitCode }).toEqual({ wrote: true, exitCode: 7 });
    expect(stderr).toContain('"bad": ');
    expect((await workspace.run(['call', 'mcp.good.a'])).exitCode).toBe(0);
  });

  test.each([
    [['import'], 2, 'Providers that can import: mcp, graphql.'],
    [['import', '--help'], 0, 'Providers that can import: mcp, graphql.'],
    [['import', 'mcp', '--help'], 0, '--auth-env-var <text>'],
    [['import', 'mpc', 'x'], 2, 'Did you mean "mcp"?'],
    [['import', 'mcp'], 2, 'Say what to import'],
    [['import', 'mcp', '--nope', 'x'], 2, 'There is no option --nope.'],
    [['import', 'mcp', '--protocol', 'x', 'y'], 2, 'It must be one of auto, legacy, modern.'],
    [['import', 'mcp', 'https://me:pw@example.com/mcp'], 2, 'holds a credential'],
    [['import', 'mcp', 'no-such-command-anywhere'], 7, 'no-such-command-anywhere'],
  ])('%j ends with %i and says %s', async (args, exitCode, says) => {
    using workspace = importWorkspace([]);
    const finished = await workspace.run(args);
    expect({ exitCode: finished.exitCode, text: finished.stdout + finished.stderr }).toEqual({
      exitCode,
      text: expect.stringContaining(says),
    });
    expect(workspace.list('capabilities')).toEqual([]);
  });
});
