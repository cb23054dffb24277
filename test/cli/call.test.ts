import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf } from './capstan.ts';
import { type ToyWorkspace, toyWorkspace } from './toy-workspace.ts';

let toys: ToyWorkspace;
beforeAll(async () => {
  toys = await toyWorkspace();
});
afterAll(async () => {
  await toys[Symbol.asyncDispose]();
});

describe.concurrent('capstan call', () => {
  test('types key=value words by the input schema and prints the answer as indented JSON', async () => {
    const words = ['city=12', 'days=3', 'metric=true', 'places=["a", "b"]', 'options:={"deep": [1]}'];
    const { stdout, stderr, exitCode } = await toys.run(['call', 'toy.echo', ...words]);
    const input = { city: '12', days: 3, metric: true, places: ['a', 'b'], options: { deep: [1] } };
    expect(stdout).toBe(`${JSON.stringify(input, null, 2)}\n`);
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  });

  test('takes the input as JSON, from a file and from stdin', async () => {
    const input = '{"city": "Bern"}';
    writeFileSync(join(toys.folder, 'input.json'), `\uFEFF${input}`);
    const runs = await Promise.all([
      toys.run(['call', 'toy.echo', input, '--json']),
      toys.run(['call', 'toy.echo', '--input', 'input.json', '--json']),
      toys.run(['call', 'toy.echo', '--input', '-', '--json'], { input }),
    ]);
    for (const finished of runs)
      expect(documentOf(finished)).toMatchObject({ output: { city: 'Bern' }, isError: false });
  });

  test('prints the result with its call record as one JSON document, and nothing else on stdout', async () => {
    const finished = await toys.run(['call', 'toy.text', '--json', '--verbose']);
    expect(documentOf(finished)).toEqual({
      output: 'Two lines\nof text',
      isError: false,
      call: { attempts: 1, session: 'new', durationMs: expect.any(Number) as number },
    });
  });

  test('tells session, time, progress and events on stderr with --verbose only', async () => {
    const { stderr } = await toys.run(['call', 'toy.echo', 'city=Bern', '--verbose']);
    expect(stderr).toMatch(/^session: new, \d+ ms$/m);
    expect(stderr).toMatch(/^toy\.echo: 1\/2 half$/m);
    expect(stderr).toMatch(/^session-required .*key=toy_requires_session value=true/m);
    expect(stderr).toMatch(/^session-terminated .*reason=drain confirmed=true/m);
    const unsessioned = await toys.run(['call', 'toy.free', '--verbose']);
    expect(unsessioned.stderr).toMatch(/^session: none, \d+ ms$/m);
    expect(unsessioned.stdout).toBe('{}\n');
  });

  test('prints what a capability reports as failure, and ends with 1', async () => {
    const human = await toys.run(['call', 'toy.fail']);
    expect(human).toEqual({ stdout: 'No such city\n', stderr: 'toy.fail reported failure.\n', exitCode: 1 });
    const json = await toys.run(['call', 'toy.fail', '--json']);
    expect(json.exitCode).toBe(1);
    expect(documentOf(json)).toMatchObject({ output: 'No such city', isError: true });
  });

  test('ends every session that it opened, after answers and after errors', async () => {
    await using own = await toyWorkspace();
    await Promise.all([own.run(['call', 'toy.text']), own.run(['call', 'toy.vanish'])]);
    expect(own.upstream.opened).toHaveLength(2);
    expect(own.upstream.ended.toSorted()).toEqual(own.upstream.opened.toSorted());
  });
});
