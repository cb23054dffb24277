import { describe, expect, test } from 'vitest';
import { documentOf } from './capstan.ts';
import { importWorkspace, tool } from './import-workspace.ts';

const manifest = 'capabilities/changing.yaml';
const changed = tool('a', {
  description: 'Does something else',
  inputSchema: { type: 'object', properties: { a: { type: 'number' }, b: {} } },
});

// Each runs the command several times, and it starts servers.
describe.concurrent('capstan accept', { timeout: 120_000 }, () => {
  test('a changed tool is not called until its definition is accepted', async () => {
    using workspace = importWorkspace([tool('a'), tool('b')]);
    await workspace.importServer();
    workspace.offer([changed, tool('b')]);
    const blocked = await workspace.run(['call', 'mcp.changing.a']);
    expect(blocked).toMatchObject({ exitCode: 7, stderr: expect.stringContaining('capstan accept mcp.changing.a') });
    expect((await workspace.run(['call', 'mcp.changing.b'])).exitCode).toBe(0);
    expect((await workspace.run(['accept', 'mcp.changing.a', '--yes'])).exitCode).toBe(0);
    expect(await workspace.run(['call', 'mcp.changing.a', 'a=1'])).toMatchObject({
      exitCode: 0,
      stdout: 'a {"a":1} no key\n',
    });
  });

  test('shows what changed, and writes nothing without --yes off a terminal', async () => {
    using workspace = importWorkspace([tool('a')]);
    await workspace.importServer();
    workspace.offer([changed]);
    const before = workspace.read(manifest);
    const { stdout, exitCode } = await workspace.run(['accept', '--all']);
    expect({ exitCode, text: workspace.read(manifest) }).toEqual({ exitCode: 10, text: before });
    expect(stdout).toContain('- Does a\n');
    expect(stdout).toContain('+ Does something else\n');
    expect(stdout).toMatch(/input\/properties\/a\/type\n +- string\n +\+ number\n/);
    expect(documentOf(await workspace.run(['accept', '--all', '--json']))).toMatchObject({
      accepted: false,
      changed: [{ id: 'mcp.changing.a', fields: ['description', 'input'] }],
    });
  });

  test('changes only what changed, and keeps comments and everything else', async () => {
    using workspace = importWorkspace([tool('a'), tool('b')]);
    await workspace.importServer();
    workspace.offer([changed, tool('b')]);
    const edited = workspace
      .read(manifest)
      .replace('- id: mcp.changing.a', '- id: mine   # renamed')
      .replace('effect: once', 'effect:   idempotent\n    tags: [ x,y ]')
      .replace('capabilities:', '# all of them\ncapabilities:');
    workspace.write(manifest, edited);
    expect((await workspace.run(['accept', 'mine', '--yes'])).exitCode).toBe(0);
    const text = workspace.read(manifest);
    const kept = text.split('\n').filter((line) => edited.split('\n').includes(line));
    expect(edited.split('\n').length - kept.length).toBeLessThanOrEqual(4);
    for (const line of ['- id: mine   # renamed', 'effect:   idempotent', 'tags: [ x,y ]', '# all of them'])
      expect(text).toContain(line);
    expect((await workspace.run(['accept', '--all'])).stdout).toContain('None of the 2 has changed.');
  });

  test('pins a capability that was written by hand', async () => {
    using workspace = importWorkspace([tool('a')]);
    const [command, ...args] = workspace.server;
    const metadata = JSON.stringify({ mcp_command: command, mcp_args: args, mcp_cwd: '..', mcp_tool_name: 'a' });
    workspace.write('capabilities/hand.yaml', `# by hand\nid: hand.a\ndescription: Mine\nmetadata: ${metadata}\n`);
    expect((await workspace.run(['accept', 'hand.a', '--yes'])).exitCode).toBe(0);
    expect(workspace.read('capabilities/hand.yaml')).toMatch(
      /^# by hand\n.*"?mcp_definition_sha256"?: "?[0-9a-f]{64}/s,
    );
    workspace.offer([changed]);
    expect((await workspace.run(['call', 'hand.a'])).exitCode).toBe(7);
  });

  test('tells of a tool that is gone, and of a server that does not answer', async () => {
    using workspace = importWorkspace([tool('a'), tool('b')]);
    await workspace.importServer();
    workspace.offer([tool('b')]);
    expect(await workspace.run(['accept', '--all'])).toMatchObject({
      exitCode: 10,
      stdout: expect.stringContaining('mcp.changing.a is no longer offered'),
    });
    workspace.write(
      manifest,
      workspace.read(manifest).replace(/mcp_command: .*/, 'mcp_command: no-such-command-anywhere'),
    );
    expect((await workspace.run(['accept', '--all'])).exitCode).toBe(7);
  });

  test.each([
    [['accept'], 2, 'Say what to look at'],
    [['accept', 'x', '--all'], 2, 'not both'],
    [['accept', '--all'], 2, 'No capability is pinned'],
    [['accept', 'mcp.changing.x'], 4, 'No capability is called'],
  ])('%j ends with %i and says %s', async (args, exitCode, says) => {
    using workspace = importWorkspace([]);
    const finished = await workspace.run(args);
    expect(finished).toMatchObject({ exitCode, stderr: expect.stringContaining(says) });
  });
});
