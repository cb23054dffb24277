import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ManifestProblem } from '@capstan/runtime';
import { temporaryFolder, testLoader, withMetadata } from './load-texts.ts';

const filesOfARun = 200;
const runs = 100;
const canary = `ghp_${'c4n4ry'.repeat(6)}`;

const corpus: readonly string[] = [
  withMetadata('abacus: { beads: 3, auth: { env_var: KEY } }', 'abacus_notes: [one, two]', 'session_scope: call'),
  'metadata:\n  scale_rods: 1\ncapabilities:\n  - id: abacus.add\n    effect: read\n    input: { type: object, properties: { x: { type: integer } } }\n  - id: abacus.sub\n',
  `${withMetadata()}---\n${withMetadata().replace('add', 'sub')}description: |\n  one\n  two\n`,
  withMetadata('abacus_requires_session: "true"', 'abacus_server_url_override_env_var: PLACE', 'call_rate_limit: 10/s'),
  withMetadata('abacus_server_url: http://me:word@127.0.0.1/', `abacus_user: ${canary}`),
  'a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\nid: *a\n',
  '__proto__: { polluted: yes }\nconstructor: { prototype: { polluted: yes } }\nid: x\n<<: *y\n',
  '%YAML 1.1\n---\nid: !!js/function "x"\nmetadata: { abacus_ratio: .nan, abacus_beads: 1e400 }\n',
  '{ id: j, metadata: { "abacus_rods": 9007199254740993, abacus: { rods: 1 } } }',
  '? a\n: b\n? [c]\n: - - - d\n',
];
const pieces = [
  '\n',
  '  ',
  '\t',
  ': ',
  '- ',
  '? ',
  '[',
  ']',
  '{',
  '}',
  ',',
  '"',
  "'",
  '|\n',
  '>\n',
  '#',
  '&a ',
  '*a',
  '!!binary ',
  '!x ',
  '---\n',
  '...\n',
  '%TAG ! x\n',
  '<<: ',
  '__proto__: ',
  'constructor: ',
  'id: ',
  'metadata: ',
  'capabilities:\n',
  'abacus_',
  'session_',
  '_env_var',
  '\u0000',
  '\u200B',
  '\uFEFF',
  '\r',
  '1e999',
  '.inf',
  '~',
  'null',
  'counter_requires_session: yes',
  canary,
  '[[[[[[[[[[[[',
  '- - - - - - - - ',
  '{a: {a: {a: {a: ',
];

const position = fc.double({ min: 0, max: 1, noNaN: true });
type Mutation = (text: string) => string;
const cut = (text: string, at: number): number => Math.floor(at * text.length);
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(position, fc.nat(255)).map(([at, byte]): Mutation => (text) => {
    const bytes = Buffer.from(text, 'latin1');
    if (bytes.length > 0) bytes[Math.min(cut(text, at), bytes.length - 1)] = byte;
    return bytes.toString('latin1');
  }),
  fc.tuple(position, fc.constantFrom(...pieces), fc.integer({ min: 1, max: 40 }), fc.boolean()).map(
    ([at, piece, count, isBomb]): Mutation =>
      (text) =>
        text.slice(0, cut(text, at)) + piece.repeat(isBomb ? count : 1) + text.slice(cut(text, at)),
  ),
  fc.tuple(position, position).map(
    ([from, length]): Mutation =>
      (text) =>
        text.slice(0, cut(text, from)) + text.slice(cut(text, from) + cut(text, length / 4)),
  ),
  fc.tuple(position, position).map(([from, length]): Mutation => (text) => {
    const end = cut(text, from) + cut(text, length / 4);
    return text.slice(0, end) + text.slice(cut(text, from));
  }),
  fc.tuple(position, fc.constantFrom(...corpus), position).map(
    ([at, other, from]): Mutation =>
      (text) =>
        text.slice(0, cut(text, at)) + other.slice(cut(other, from)),
  ),
);
const mutated = fc
  .tuple(fc.constantFrom(...corpus), fc.array(mutation, { minLength: 1, maxLength: 4 }))
  .map(([text, mutations]) => mutations.reduce((current, mutate) => mutate(current).slice(0, 4000), text));

/** Whether a problem says where in its text it is, what and how to mend it. */
function isLocated({ file, line, column, message, remedy }: ManifestProblem, texts: readonly string[]): boolean {
  const lines = texts[Number(/(\d+)\.yaml$/.exec(file)?.[1])]?.split('\n').length ?? 0;
  const isSaid = message !== '' && remedy !== '' && !/cannot be read as YAML|undefined|\[object/.test(message + remedy);
  return line >= 1 && line <= lines && column >= 1 && isSaid;
}

describe('mutated manifests', () => {
  it('give capabilities or located problems, and nothing else, 20 000 times', { timeout: 120_000 }, async () => {
    await using folder = await temporaryFolder();
    const before = Object.getOwnPropertyNames(Object.prototype);
    const loader = testLoader({ PLACE: 'https://abacus.example' });
    let loadedFiles = 0;
    let goodFiles = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(mutated, { minLength: filesOfARun, maxLength: filesOfARun }), async (texts) => {
        const paths = await Promise.all(
          texts.map(async (text, index) => {
            const path = join(folder.path, `${index}.yaml`);
            // Mutations are of bytes: half of the files hold what they are in UTF-8, the other half what may be none.
            // Ids of their own, or all but one of the files would repeat another.
            const own = text.replaceAll(/abacus\.(?:add|sub)/g, `$&.${index}`);
            await writeFile(path, own, index % 2 === 0 ? 'utf8' : 'latin1');
            return path;
          }),
        );
        const { capabilities, problems, files } = await loader.load(paths);
        expect(files).toEqual(paths);
        const good = new Set(capabilities.map(({ source }) => source.file));
        const bad = new Set(problems.map(({ file }) => file));
        // Assertions one by one would take longer than loading.
        const unanswered = paths.filter((path) => !good.has(path) && !bad.has(path));
        const wrong = problems.filter(
          (problem) => !isLocated(problem, texts) || (problem.severity === 'error' && good.has(problem.file)),
        );
        expect({ unanswered, wrong }).toEqual({ unanswered: [], wrong: [] });
        expect(JSON.stringify([problems, capabilities])).not.toContain(canary);
        loadedFiles += paths.length;
        goodFiles += good.size;
      }),
      { seed: 20_000, numRuns: runs, endOnFailure: true },
    );
    expect(loadedFiles).toBe(20_000);
    expect(goodFiles).toBeGreaterThan(500);
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });
});
