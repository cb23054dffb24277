import { expect, test } from 'vitest';
import { isImported, manifestTexts } from '@capstan/runtime';
import { draftOf, prepared } from './drafts.ts';
import { loadTexts } from './load-texts.ts';

test('writes shared metadata once, lists as lists, and defaults not at all', () => {
  const draft = {
    ...draftOf('add', { description: 'Adds', input: { type: 'object' } }),
    notes: ['it says: harmless'],
    sharedNotes: ['set ABACUS_KEY'],
  };
  expect(manifestTexts([prepared(draft), prepared(draftOf('sum', { kind: 'prompt', publish: false }))])).toEqual([
    `# Written by capstan import. Edit what you like: importing again keeps it, and shows what the upstream changed.
# Note: set ABACUS_KEY
metadata:
  abacus_rods: 3
  abacus_notes:
    - one
    - two
capabilities:
  # Note: it says: harmless
  - id: abacus.add
    description: Adds
    effect: once
    input:
      type: object
    metadata:
      abacus_label_name: add
  - id: abacus.sum
    kind: prompt
    effect: once
    publish: false
    metadata:
      abacus_label_name: sum
`,
  ]);
});

test('splits what is too large for one file, and loses nothing', async () => {
  const ids = Array.from({ length: 120 }, (_, index) => `n${String(index).padStart(3, '0')}`);
  const drafts = ids.map((id) => prepared(draftOf(id, { description: 'words '.repeat(1_000) })));
  const texts = manifestTexts(drafts);
  expect(texts.length).toBeGreaterThan(2);
  for (const text of texts) expect(Buffer.byteLength(text)).toBeLessThan(256 * 1024);
  expect(manifestTexts(drafts)).toEqual(texts);
  const files = Object.fromEntries(texts.map((text, index) => [`${index}.yaml`, text]));
  const { capabilities, report } = await loadTexts(files);
  expect(report).toEqual([]);
  expect(capabilities.map(({ id }) => id)).toEqual(ids.map((id) => `abacus.${id}`));
});

test('splits what has too many parts for one file, however small', async () => {
  const dense = { type: 'object', enum: Array.from({ length: 5_000 }, (_, index) => index % 10) };
  const drafts = Array.from({ length: 12 }, (_, index) => prepared(draftOf(`n${index}`, { input: dense })));
  const texts = manifestTexts(drafts);
  expect(texts.length).toBeGreaterThan(1);
  const files = Object.fromEntries(texts.map((text, index) => [`${index}.yaml`, text]));
  const { capabilities, report } = await loadTexts(files);
  expect({ report, count: capabilities.length }).toEqual({ report: [], count: 12 });
});

test('knows its own texts', () => {
  expect(isImported(manifestTexts([prepared(draftOf('add'))])[0] ?? '')).toBe(true);
  expect(isImported('id: abacus.add\n')).toBe(false);
});
