import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf } from './capstan.ts';
import { type Kiln, kiln } from './kiln-upstream.ts';

let oven: Kiln;
beforeAll(async () => {
  oven = await kiln();
});
afterAll(async () => {
  await oven[Symbol.asyncDispose]();
});

describe.concurrent('what an upstream asks in the course of a call', () => {
  test('is declined where there is no terminal, and it is said who asked what and how a script answers', async () => {
    const finished = await oven.run(['call', 'kiln.glaze', '--json']);
    expect(finished.exitCode).toBe(0);
    expect(documentOf(finished)).toMatchObject({ output: [{ action: 'decline' }] });
    expect(finished.stderr).toMatch(
      /^kiln\.glaze \(127\.0\.0\.1:\d+, which calls itself "Kiln No\. 3"\) asks: Which glaze\?\nDeclined: .*--answer '\{"glaze": …\}'$/m,
    );
  });

  test('is answered by --answer, in order, with defaults filled in', async () => {
    const args = ['--answer', '{"glaze": "celadon"}', '--answer', 'cancel'];
    const finished = await oven.run(['call', 'kiln.both', '--json', ...args]);
    expect(documentOf(finished)).toMatchObject({
      output: [{ action: 'accept', content: { glaze: 'celadon', coats: 2 } }, { action: 'cancel' }],
    });
    expect(finished.stderr).toBe('');
  });

  test('is cancelled where the --answer does not fit', async () => {
    const finished = await oven.run(['call', 'kiln.glaze', '--json', '--answer', '{"glaze": "blue", "coat": 1}']);
    expect(documentOf(finished)).toMatchObject({ output: [{ action: 'cancel' }] });
    expect(finished.stderr).toContain('"coat" was not asked for; "glaze" must be one of celadon, tenmoku. Cancelled.');
  });

  test.each([
    [['--answer', 'celadon'], 'The answer 1 (--answer) is not JSON'],
    [['--answer', '[1]'], 'must be a JSON object'],
    [['--root', 'nowhere'], 'The root nowhere cannot be read'],
  ])('refuses %j before anything is sent', async (args, says) => {
    const finished = await oven.run(['call', 'kiln.glaze', ...args]);
    expect(finished).toMatchObject({ exitCode: 2, stdout: '' });
    expect(finished.stderr).toContain(says);
  });

  test('may be a page to visit: its address is shown, and it is never opened', async () => {
    const declined = await oven.run(['call', 'kiln.visit', '--json']);
    expect(documentOf(declined)).toMatchObject({ output: [{ action: 'decline' }] });
    expect(declined.stderr).toContain('asks you to visit https://kiln.example/sign?a=1');
    const accepted = await oven.run(['call', 'kiln.visit', '--json', '--answer', '{"action": "accept"}']);
    expect(documentOf(accepted)).toMatchObject({ output: [{ action: 'accept' }] });
    expect(accepted.stderr).toContain('asks you to visit https://kiln.example/sign?a=1\nAccepted by --answer.');
    const brief = await oven.run(['call', 'kiln.visit', '--json', '--answer', 'accept']);
    expect(documentOf(brief)).toMatchObject({ output: [{ action: 'accept' }] });
    const form = await oven.run(['call', 'kiln.visit', '--json', '--answer', '{"glaze": "celadon"}']);
    expect(documentOf(form)).toMatchObject({ output: [{ action: 'cancel' }] });
    const trick = await oven.run(['call', 'kiln.trick', '--json', '--answer', '{"action": "accept"}']);
    expect(documentOf(trick)).toMatchObject({ output: [{ action: 'decline' }] });
    expect(trick.stderr).toContain('no page of the web');
  });

  test('is declined where a model should answer', async () => {
    const finished = await oven.run(['call', 'kiln.model', '--json', '--answer', '{"glaze": "celadon"}']);
    expect(documentOf(finished)).toMatchObject({ output: [{ refused: 'NOT_SUPPORTED' }] });
    expect(finished.stderr).toContain("asks for a model's answer (sampling). Declined");
  });

  test('gets the folders of --root where it wants roots, else none', async () => {
    const folder = join(oven.folder, 'my clay');
    mkdirSync(folder);
    const named = await oven.run(['call', 'kiln.roots', '--json', '--root', 'my clay']);
    expect(documentOf(named)).toMatchObject({
      output: [{ roots: [{ uri: pathToFileURL(folder).href, name: 'my clay' }] }],
    });
    expect(documentOf(await oven.run(['call', 'kiln.roots', '--json']))).toMatchObject({ output: [{ roots: [] }] });
  });
});

describe.concurrent('capstan complete', () => {
  test('prints a suggestion on each line, and how many more there are', async () => {
    const finished = await oven.run(['complete', 'kiln.glaze', 'glaze', 'cel', '--given', 'clay=white']);
    expect(finished).toEqual({ exitCode: 0, stdout: 'celadon\nceleste\n', stderr: '… and 3 more: type more of it.\n' });
    expect(oven.requests).toContainEqual({
      path: '/complete',
      body: { argument: { name: 'glaze', value: 'cel' }, context: { clay: 'white' } },
    });
    const json = await oven.run(['complete', 'kiln.glaze', 'glaze', '--json']);
    expect(documentOf(json)).toEqual({ values: ['celadon', 'celeste'], total: 5 });
  });

  test('prints no line where there is nothing to suggest, and says what the arguments are', async () => {
    const known = await oven.run(['complete', 'kiln.glaze', 'coats', '1']);
    expect(known).toEqual({ exitCode: 0, stdout: '', stderr: 'No suggestions.\n' });
    const unknown = await oven.run(['complete', 'kiln.glaze', 'glase', 'c']);
    expect(unknown).toMatchObject({ exitCode: 0, stdout: '' });
    expect(unknown.stderr).toContain('declares no argument "glase", but glaze, coats.');
  });

  test('says where a provider cannot', async () => {
    const finished = await oven.run(['complete', 'toy.echo', 'city']);
    expect(finished).toMatchObject({ exitCode: 2, stdout: '' });
    expect(finished.stderr).toContain('error NOT_SUPPORTED: The provider "toy"');
  });
});
