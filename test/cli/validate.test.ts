import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf } from './capstan.ts';
import { type ToyWorkspace, toyWorkspace } from './toy-workspace.ts';

const bad = `id: toy.bad
effect: sometimes
metadata:
  toy_server_url: http://127.0.0.1
  toy_operation: echo
  toy_requires_session: yes
`;

let toys: ToyWorkspace;
beforeAll(async () => {
  toys = await toyWorkspace({
    'bad/bad.yaml': bad,
    'bad/broken.yaml': 'id: [unclosed\n',
    'schema/odd.yaml': `id: toy.odd\ninput: { type: objct }\nmetadata: { toy_server_url: http://127.0.0.1, toy_operation: echo }\n`,
    'bad/unknown.yaml': 'id: no.owner\nmetadata: { nobody_owns: this }\n',
  });
});
afterAll(async () => {
  await toys[Symbol.asyncDispose]();
});

describe.concurrent('capstan validate', () => {
  test('finds nothing wrong with good manifests', async () => {
    const { stdout, stderr, exitCode } = await toys.run(['validate']);
    expect({ stdout, stderr, exitCode }).toEqual({
      stdout: '9 valid capabilities, 0 errors\n',
      stderr: '',
      exitCode: 0,
    });
  });

  test('finds input schemas that could not be compiled at the first call', async () => {
    const { stdout, exitCode } = await toys.run(['validate', 'schema']);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(
      /^schema\/odd\.yaml:1:\d+ {2}error {2}the input schema of toy\.odd cannot be compiled: data\/type must/m,
    );
    expect(stdout).toContain('0 valid capabilities, 1 error');
  });

  test('prints every problem of every file, with its place, what was seen, and a remedy', async () => {
    const { stdout, exitCode } = await toys.run(['validate', 'bad', 'capabilities']);
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^bad\/bad\.yaml:2:\d+ {2}error {2}.*sometimes.*/m);
    expect(stdout).toMatch(/^bad\/bad\.yaml:6:\d+ {2}error {2}.*"yes".*/m);
    expect(stdout).toMatch(/^bad\/broken\.yaml:\d+:\d+ {2}error {2}/m);
    expect(stdout).toMatch(/^bad\/unknown\.yaml:\d+:\d+ {2}error {2}.*mcp, toy/m);
    expect(stdout).toMatch(/\n9 valid capabilities, \d+ errors\n$/);
  });

  test('prints the same as one JSON document, with the same exit code', async () => {
    const finished = await toys.run(['validate', 'bad/bad.yaml', '--json']);
    expect(finished.exitCode).toBe(3);
    expect(documentOf(finished)).toMatchObject({
      valid: false,
      capabilities: 0,
      problems: expect.arrayContaining([
        expect.objectContaining({ file: 'bad/bad.yaml', line: 2, seen: 'sometimes' }),
      ]) as unknown,
    });
  });

  test('asks what to validate where the default folder is missing', async () => {
    await using empty = await toyWorkspace({ 'capabilities/toy.yaml': undefined });
    const { stderr, exitCode } = await empty.run(['validate']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('There is no folder capabilities here. Say what to validate');
    const named = await empty.run(['validate', 'nowhere']);
    expect(named.exitCode).toBe(3);
    expect(named.stdout).toContain('nowhere');
  });
});

describe.concurrent('capstan schema', () => {
  test('prints a schema that knows the keys of all loaded plugins', async () => {
    const finished = await toys.run(['schema']);
    const text = JSON.stringify(documentOf(finished));
    expect(text).toContain('Where the toy listens.');
    expect(text).toContain('mcp_server_url');
  });

  test('writes it to a file', async () => {
    const finished = await toys.run(['schema', '--output', 'manifest.schema.json', '--json']);
    expect(documentOf(finished)).toEqual({ written: 'manifest.schema.json' });
    const written: unknown = JSON.parse(readFileSync(join(toys.folder, 'manifest.schema.json'), 'utf8'));
    expect(written).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' });
  });
});
