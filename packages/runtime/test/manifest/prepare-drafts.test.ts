import type { JsonSchema } from '@capstan/provider';
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { manifestTexts } from '@capstan/runtime';
import { draftOf, prepared, preparer } from './drafts.ts';
import { loadTexts } from './load-texts.ts';

const input: JsonSchema = { type: 'object', properties: { a: { type: 'number', description: 'An a' } } };

test('what is written loads as what was drafted', async () => {
  const draft = draftOf('add', {
    name: 'Add: "it"',
    description: '# Adds\n\n  two: numbers\n- and more\n\ttab',
    input,
    output: { type: 'array', items: {} },
    tags: ['yes', '1'],
  });
  const [text = ''] = manifestTexts([prepared(draft)]);
  const { capabilities, report } = await loadTexts(text);
  expect(report).toEqual([]);
  expect(capabilities[0]).toMatchObject({
    ...draft.capability,
    metadata: { ...draft.metadata, ...draft.capability.metadata },
  });
});

test('any text and any schema survives, or is reported', async () => {
  const texts = fc.string({ unit: 'grapheme', maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(texts, fc.jsonValue({ maxDepth: 4 }), async (description, value) => {
      const schema = { type: 'object', default: value } as JsonSchema;
      const draft = prepared(draftOf('any', { description, input: schema }));
      const { capabilities, report } = await loadTexts(manifestTexts([draft])[0] ?? '');
      expect(report).toEqual([]);
      expect(capabilities[0]?.input).toEqual(draft.capability.input);
      expect(draft.warnings.length > 0 || isDeepStrictEqual(draft.capability.input, schema)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test.each<[string, JsonSchema, string]>([
  ['that cannot be compiled', { type: 'nonsense' }, 'it cannot be compiled'],
  ['with an unknown reference', { $ref: 'https://example.com/schema' }, 'it cannot be compiled'],
  ['with a key that is refused', { properties: { constructor: {} } }, 'a key that manifests may not hold'],
  ['with an endless number', { maximum: Infinity }, 'a number without end'],
  ['nested too deeply', nested(40), 'nested too deeply'],
  ['beyond all size', { description: 'x'.repeat(120_000) }, 'too large'],
])('leaves a schema %s out, so that the capability can be called', (_, schema, says) => {
  const { capability, warnings } = prepared(draftOf('add', { input: schema, output: input }));
  expect(capability.input).toBeUndefined();
  expect(capability.output).toEqual(input);
  expect(warnings).toEqual([expect.stringContaining(`its input schema is left out: `)]);
  expect(warnings[0]).toContain(says);
});

test('writes whole numbers beyond 2^53 so that they load', async () => {
  const draft = prepared(draftOf('add', { input: { type: 'integer', maximum: 18_446_744_073_709_552_000 } }));
  const { capabilities, report } = await loadTexts(manifestTexts([draft])[0] ?? '');
  expect(report).toEqual([]);
  expect(capabilities[0]?.input).toEqual({ type: 'integer', maximum: 18_446_744_073_709_552_000 });
});

test('takes secrets out of texts', () => {
  const canary = 'ghp_0123456789abcdefghijABCDEFGHIJ';
  const { text, warnings } = prepared(
    draftOf('add', { description: `Use ${canary}`, input: { type: 'object', examples: [{ key: canary }] } }),
  );
  expect(text).not.toContain(canary);
  expect(warnings).toHaveLength(2);
});

test('cuts a description of more than 8 KiB between characters', () => {
  const { capability, warnings } = prepared(draftOf('add', { description: 'ä€😀'.repeat(2_000) }));
  expect(Buffer.byteLength(capability.description ?? '')).toBeLessThanOrEqual(8 * 1024);
  expect(capability.description).toMatch(/^[ä€😀]+…$/u);
  expect(warnings).toEqual(['its description of 18000 bytes was cut']);
});

test('refuses a draft that no manifest can hold, and says why', () => {
  expect(preparer.prepare(draftOf('x', { id: 'two words' }))).toMatchObject({
    id: 'two words',
    problem: expect.stringContaining('id'),
  });
  const unknown = { ...draftOf('x'), metadata: { abacus_rods: 3, abacus_nonsense: 1 } };
  expect(preparer.prepare(unknown)).toMatchObject({ problem: expect.stringContaining('abacus_nonsense') });
});

test('notes are comments of one line that say nothing hidden', () => {
  const draft = { ...draftOf('add'), notes: ['two\nlines # and \u202Emore'] };
  expect(prepared(draft).text).toMatch(/^# Note: two lines # and more\n- id: abacus.add\n/);
});

function nested(depth: number): JsonSchema {
  return depth === 0 ? { type: 'object' } : { properties: { a: nested(depth - 1) } };
}
