import { type Capability, type JsonObject, type JsonValue } from '@capstan/provider';
import { compareDrafts, editManifest, ManifestLoader, manifestTexts } from '@capstan/runtime';
import fc from 'fast-check';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { draftOf, pinningRegistry, prepared } from './drafts.ts';
import { temporaryFolder } from './load-texts.ts';

/** What YAML, terminals and readers make something of. */
const pieces = [
  ...'\u2028 \u2029 \u0085 \u009b \ufeff \u202e \u200b \u007f \u001b \ud800 💥'.split(' '),
  ...'\u00a0,\u3000,\r,\n,\r\n,\t, ,  '.split(','),
  ' #',
  '# Note: x',
  ': ',
  '- ',
  '---',
  '...',
  '|',
  '>',
  '&a',
  '*a',
  '!!js',
  '{',
  '}',
  '[',
  ']',
  ',',
  '"',
  "'",
  '\\',
  '%',
  '@',
  '`',
  '~',
  'null',
  'true',
  '1e3',
  '0x1F',
  '.inf',
  '<<',
  '? ',
  '=',
  'a',
  'Z',
  '\n  - id: x',
  '\ncapabilities:\n',
  'metadata:',
];
const text = fc
  .array(fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...pieces) }, fc.string({ unit: 'binary', maxLength: 3 })), {
    maxLength: 8,
  })
  .map((parts) => parts.join(''));
const { value } = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(text, tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const schema = fc
  .record({ description: text, fallback: value, constant: text })
  .map(({ description, fallback, constant }) => ({
    type: 'object',
    description,
    properties: { a: { const: constant, default: fallback, title: constant } },
    examples: [fallback, constant],
  }));
const drafted = fc.record({ name: text, description: text, input: schema, output: schema }, { requiredKeys: [] });

function readable({ name, description, input, output }: Partial<Capability>): unknown {
  return { name, description, input, output };
}

test('whatever an upstream says, what is written loads as what was prepared, and so does what is changed', async () => {
  await using folder = await temporaryFolder();
  const load = async (content: string): Promise<Capability> => {
    await writeFile(join(folder.path, 'a.yaml'), content);
    const { capabilities, problems } = await new ManifestLoader(pinningRegistry, {}).load(join(folder.path, 'a.yaml'));
    expect(problems).toEqual([]);
    expect(capabilities.map(({ id }) => id)).toEqual(['abacus.add', 'abacus.zed']);
    const [first] = capabilities;
    if (first === undefined) throw new Error('Nothing was loaded.');
    return first;
  };
  const draft = (content: JsonObject, pin: string, notes: readonly string[]) =>
    prepared({ ...draftOf('add', content, pin.repeat(64)), notes });
  const last = prepared(draftOf('zed'));
  await fc.assert(
    fc.asyncProperty(drafted, drafted, fc.array(text, { maxLength: 2 }), async (before, after, notes) => {
      const [one, other] = [draft(before, 'a', notes), draft(after, 'b', notes)];
      const [written = ''] = manifestTexts([one, last]);
      const loaded = await load(written);
      expect(readable(loaded)).toEqual(readable(one.capability));
      const { changed } = compareDrafts([loaded], [other]);
      const edited = editManifest('a.yaml', written, { changed });
      expect(readable(await load(edited))).toEqual(readable(other.capability));
      // oxlint-disable-next-line no-control-regex
      expect(edited).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
    }),
    { numRuns: 150 },
  );
});
