import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { describe, expect, test } from 'vitest';
import { workspaceRoot } from '../guards/workspace.ts';
import { capstan, documentOf } from './capstan.ts';

const folder = tmpdir();

describe.concurrent('capstan', () => {
  test('--help shows grouped commands, examples and exit codes', async () => {
    const { stdout, stderr, exitCode } = await capstan(['--help'], { folder });
    for (const heading of ['Look:', 'Run:', 'Write manifests:', 'What is loaded:', 'Examples:', 'Exit codes:'])
      expect(stdout).toContain(`\n${heading}\n`);
    expect(stdout).toMatch(/^ +9 {2}outcome unknown/m);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  });

  test("a command's help has its own options and the global ones", async () => {
    const { stdout } = await capstan(['call', '--help'], { folder });
    expect(stdout).toContain('--timeout <ms>');
    expect(stdout).toContain('--manifests <path>');
  });

  test('--version prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(workspaceRoot, 'packages/cli/package.json'), 'utf8')) as {
      readonly version: string;
    };
    expect((await capstan(['--version'], { folder })).stdout).toBe(`${version}\n`);
  });

  test.each([
    [['lst'], "unknown command 'lst'\n(Did you mean list?)"],
    [['list', '--serch', 'x'], "unknown option '--serch'\n(Did you mean --search?)"],
    [['show'], "missing required argument 'id'"],
    [['list', 'too', 'much'], 'too many arguments'],
    [[], 'No command was given.'],
  ])('refuses %j with 2', async (args, says) => {
    const finished = await capstan(args, { folder });
    expect(finished).toMatchObject({ stdout: '', exitCode: 2 });
    expect(finished.stderr).toContain(`error USAGE: ${says}`);
  });

  test('prints mistakes as JSON too', async () => {
    const finished = await capstan(['lst', '--json'], { folder });
    expect(finished).toMatchObject({ stderr: '', exitCode: 2 });
    const message = "unknown command 'lst'\n(Did you mean list?)";
    expect(documentOf(finished)).toEqual({ error: { code: 'USAGE', message, retryable: false, details: {} } });
  });

  test('colours only where asked to, and never against --no-color', async () => {
    const environment = { FORCE_COLOR: '1' };
    const escape = '\u001b[';
    expect((await capstan(['lst'], { folder, environment })).stderr).toContain(escape);
    expect((await capstan(['lst', '--no-color'], { folder, environment })).stderr).not.toContain(escape);
    expect((await capstan(['lst'], { folder })).stderr).not.toContain(escape);
  });
});
