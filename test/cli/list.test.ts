import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { capstanPath, documentOf } from './capstan.ts';
import { toyProviderPath, type ToyWorkspace, toyWorkspace } from './toy-workspace.ts';

let toys: ToyWorkspace;
beforeAll(async () => {
  toys = await toyWorkspace();
});
afterAll(async () => {
  await toys[Symbol.asyncDispose]();
});

describe.concurrent('capstan list', () => {
  test('prints id, effect, provider and description in aligned columns', async () => {
    const { stdout, stderr, exitCode } = await toys.run(['list', '--search', 'toy.echo']);
    expect(stdout).toBe(
      ['ID        EFFECT  PROVIDER  DESCRIPTION', 'toy.echo  read    toy       Says it again', ''].join('\n'),
    );
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  });

  test('prints the same as one JSON document', async () => {
    const finished = await toys.run(['list', '--tag', 'voice', '--json']);
    expect(documentOf(finished)).toEqual({
      capabilities: [expect.objectContaining({ id: 'toy.echo', effect: 'read', provider: 'toy', tags: ['voice'] })],
      problems: [],
    });
  });

  test('lists one provider by its prefix, and offers the nearest for one that is unknown', async () => {
    const own = await toys.run(['list', '--provider', 'toy']);
    expect(own.stdout.trim().split('\n')).toHaveLength(10);
    const other = await toys.run(['list', '--provider', 'mcp']);
    expect(other.stdout).toContain('None of the 9 capabilities matches');
    const unknown = await toys.run(['list', '--provider', 'tay']);
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain('No provider plugin has the prefix "tay". Did you mean "toy"?');
  });

  test('says which folder was read and what to do where there is nothing', async () => {
    await using empty = await toyWorkspace({ 'capabilities/toy.yaml': undefined, 'elsewhere/readme.txt': '' });
    const missing = await empty.runBare(['list']);
    expect(missing).toMatchObject({ stderr: '', exitCode: 0 });
    expect(missing.stdout).toMatch(/^No capabilities: there is no folder capabilities here\.\n.*--manifests/);
    const nothing = await empty.run(['list', '--manifests', 'elsewhere']);
    expect(nothing.stdout).toMatch(/^No capabilities: no valid manifest was found in elsewhere\.\n.*--manifests/);
  });

  test('ends with 3 where a path that was named does not exist, and lists the others', async () => {
    const { stdout, stderr, exitCode } = await toys.run(['list', '--manifests', 'typo', '--manifests', 'capabilities']);
    expect(exitCode).toBe(3);
    expect(stdout).toContain('toy.echo');
    expect(stderr).toMatch(/^ {2}typo:1:1 .*no such file or folder/m);
  });

  test('lists the good manifests and counts what is wrong with the others on stderr', async () => {
    await using mixed = await toyWorkspace({ 'capabilities/bad.yaml': 'id: toy.bad\nmetadata: { toy_colour: red }\n' });
    const { stdout, stderr, exitCode } = await mixed.run(['list']);
    expect(stdout).toContain('toy.echo');
    expect(stdout).not.toContain('toy.bad');
    expect(stderr).toMatch(/^\d problems? in the manifests/);
    expect(stderr).toMatch(/^ {2}capabilities\/bad\.yaml:\d+:\d+ /m);
    expect(exitCode).toBe(0);
  });

  test('survives a reader that stops reading', async () => {
    const args = ['--provider', toyProviderPath, 'list'];
    const child = spawn(process.execPath, [capstanPath, ...args], {
      cwd: toys.folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const [stderr, exitCode] = await Promise.all([
      text(child.stderr),
      new Promise((resolve) => {
        child.once('exit', resolve);
      }),
    ]);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  });
});
