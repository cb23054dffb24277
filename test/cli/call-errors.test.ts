import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { documentOf } from './capstan.ts';
import { type ToyWorkspace, toyWorkspace } from './toy-workspace.ts';

const twice = `id: toy.twice
metadata: { toy_server_url: http://127.0.0.1, toy_operation: echo, toy_requires_session: perhaps }
`;

let toys: ToyWorkspace;
beforeAll(async () => {
  toys = await toyWorkspace({ 'capabilities/twice.yaml': twice });
});
afterAll(async () => {
  await toys[Symbol.asyncDispose]();
});

interface Case {
  readonly what: string;
  readonly args: readonly string[];
  readonly exitCode: number;
  readonly code: string;
  /** What a person reads. */
  readonly says: RegExp;
  readonly environment?: Readonly<Record<string, string>>;
}

const cases: readonly Case[] = [
  {
    what: 'input from two places',
    args: ['toy.echo', 'city=Bern', '--input', '-'],
    exitCode: 2,
    code: 'USAGE',
    says: /not from both/,
  },
  {
    what: 'a timeout that is no number',
    args: ['toy.text', '--timeout', 'soon'],
    exitCode: 2,
    code: 'USAGE',
    says: /whole number of milliseconds/,
  },
  {
    what: 'a capability whose own manifest is bad',
    args: ['toy.twice'],
    exitCode: 3,
    code: 'MANIFEST_INVALID',
    says: /toy\.twice cannot be used: .*\n.*capabilities\/twice\.yaml:2:\d+ .*perhaps/,
  },
  {
    what: 'an unknown id',
    args: ['toy.tezt'],
    exitCode: 4,
    code: 'CAPABILITY_NOT_FOUND',
    says: /Did you mean toy\.text.*\n.*capstan list/,
  },
  {
    what: 'a folder that does not exist',
    args: ['toy.text', '--manifests', 'typo'],
    exitCode: 4,
    code: 'CAPABILITY_NOT_FOUND',
    says: /No capability is loaded: there is no file or folder typo here\./,
  },
  {
    what: 'a missing property, an unknown one, and one of the wrong type',
    args: ['toy.echo', 'day=3', 'metric=maybe'],
    exitCode: 5,
    code: 'INPUT_INVALID',
    says: /\/city is missing \(string: Where\); \/day is not a known property; known: city, days.*\/metric must be boolean.*\n {2}capstan call toy\.echo city=<string> .*\n.*capstan show toy\.echo/,
  },
  {
    what: 'text that is not JSON',
    args: ['toy.echo', '{"city": Bern}'],
    exitCode: 5,
    code: 'INPUT_INVALID',
    says: /not JSON: at line 1, column 10 a value was expected, and there is "Bern}"[^]*`capstan show toy\.echo`/,
  },
  {
    what: 'a variable that is not set',
    args: ['toy.text'],
    exitCode: 6,
    code: 'UNAUTHORIZED',
    says: /TOY_TOKEN/,
    environment: { TOY_TOKEN: '' },
  },
  { what: 'an upstream that fails', args: ['toy.broken'], exitCode: 7, code: 'UPSTREAM_ERROR', says: /answered 500/ },
  {
    what: 'an answer that does not come in time',
    args: ['toy.slow', '--timeout', '300'],
    exitCode: 8,
    code: 'TIMEOUT',
    says: /300 ms/,
  },
  {
    what: 'an answer that is lost after an effect may have happened',
    args: ['toy.vanish'],
    exitCode: 9,
    code: 'OUTCOME_UNKNOWN',
    says: /it may have happened/,
  },
];

describe.concurrent.each(cases)('after $what', ({ args, exitCode, code, says, environment = {} }) => {
  test(`tells a person ${code}, and ends with ${exitCode}`, async () => {
    const finished = await toys.run(['call', ...args], { environment });
    expect(finished).toMatchObject({ exitCode, stdout: '' });
    expect(finished.stderr).toContain(`error ${code}: `);
    expect(finished.stderr).toMatch(says);
    expect(finished.stderr).not.toMatch(/^ +at /m);
  });
});

test.concurrent.each(cases.filter(({ what }) => /missing property|lost/.test(what)))(
  'prints one JSON document after $what, and ends the same',
  async ({ args, exitCode, code }) => {
    const finished = await toys.run(['call', ...args, '--json']);
    expect(finished.exitCode).toBe(exitCode);
    expect(documentOf(finished)).toEqual({
      error: expect.objectContaining({
        code,
        message: expect.any(String) as string,
        retryable: false,
        details: expect.any(Object) as object,
      }) as unknown,
    });
  },
);

test('a call of a good capability works beside a bad manifest, and tells of it', async () => {
  const { stdout, stderr, exitCode } = await toys.run(['call', 'toy.text']);
  expect({ stdout, exitCode }).toEqual({ stdout: 'Two lines\nof text\n', exitCode: 0 });
  expect(stderr).toMatch(/^1 problem in the manifests .*\n {2}capabilities\/twice\.yaml:2:/);
});

test('the stack and the causes of an error are shown with --verbose', async () => {
  const { stderr } = await toys.run(['call', 'toy.vanish', '--verbose']);
  expect(stderr).toMatch(/^ +at .*\n(?:.*\n)*caused by: TypeError/m);
});
