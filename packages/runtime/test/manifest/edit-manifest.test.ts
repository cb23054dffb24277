import { compareDrafts, editManifest, ManifestLoader, manifestTexts } from '@capstan/runtime';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { draftOf, pinningRegistry, prepared } from './drafts.ts';
import { temporaryFolder } from './load-texts.ts';

const oldPin = 'a'.repeat(64);
const newPin = 'b'.repeat(64);

/** Loads a text, compares it with drafts, and gives the text with all differences taken over. */
async function taken(text: string, drafts: Parameters<typeof prepared>[0][]): Promise<string> {
  await using folder = await temporaryFolder({ 'a.yaml': text });
  const loader = new ManifestLoader(pinningRegistry, {});
  const { capabilities, problems } = await loader.load(join(folder.path, 'a.yaml'));
  expect(problems).toEqual([]);
  const compared = compareDrafts(capabilities, drafts.map(prepared));
  const metadata = Object.fromEntries(compared.metadata.map((key) => [key, drafts[0]?.metadata?.[key] ?? '']));
  return editManifest('a.yaml', text, {
    changed: compared.changed,
    added: compared.added,
    removed: compared.removed.map(({ id }) => id),
    metadata,
  });
}

const manifest = `# mine
metadata:   { abacus_rods: 3, abacus_notes: "one\\ntwo" }
capabilities:

  # A comment of mine
  # Note: it said: harmless
  - id: my.own.id   # renamed
    description: >-
      Adds
      up
    effect: read          # I know better
    tags: [a,   'b']
    input: {type: object,   properties: {a: {type: number}}}  # short
    metadata: { abacus_label_name: add, abacus_definition_sha256: ${oldPin}, session_scope: shared }
  - id: abacus.old
    metadata:
      abacus_label_name: old

  # About the last
  - id: abacus.sub
    metadata:
      abacus:
        label: { name: sub }
        definition_sha256: ${oldPin} # accepted on Monday
# the end
`;

test('changes what the upstream changed, and not one byte more', async () => {
  const changed = {
    ...draftOf('add', { name: 'Add', description: 'Adds\nup: more', input: { type: 'object' } }, newPin),
    notes: ['it says: destructive'],
  };
  const text = await taken(manifest, [changed, draftOf('old'), draftOf('sub', {}, newPin)]);
  expect(text).toBe(
    manifest
      .replace('# Note: it said: harmless', '# Note: it says: destructive')
      .replace('description: >-\n      Adds\n      up\n', 'description: |-\n      Adds\n      up: more\n')
      .replace('{type: object,   properties: {a: {type: number}}}  # short', '{"type":"object"}  # short')
      .replace('    metadata: { abacus_label_name: add', '    name: Add\n    metadata: { abacus_label_name: add')
      .replaceAll(oldPin, newPin)
      .replace(`definition_sha256: ${newPin}, session`, `definition_sha256: "${newPin}", session`),
  );
});

test('adds in the order of ids and removes with the comments above, and the result loads', async () => {
  const text = await taken(manifest, [
    draftOf('add', {}, oldPin),
    draftOf('between', { description: 'New' }),
    draftOf('zero', { description: 'Last' }),
  ]);
  await using folder = await temporaryFolder({ 'a.yaml': text });
  const { capabilities, problems } = await new ManifestLoader(pinningRegistry, {}).load(folder.path);
  expect(problems).toEqual([]);
  expect(capabilities.map(({ id }) => id)).toEqual(['abacus.between', 'abacus.zero', 'my.own.id']);
  expect(text).not.toContain('About the last');
  expect(text).toContain('# A comment of mine');
});

test('takes over shared metadata, flat or nested, and keeps what people added', async () => {
  const nested = manifest.replace(/metadata:.*\n/, 'metadata:\n  abacus: { rods: 3 } # three\n  session_scope: call\n');
  const draft = { ...draftOf('add', {}, oldPin), metadata: { abacus_rods: 5, abacus_notes: 'a\nb' } };
  const text = await taken(nested, [draft, draftOf('old'), draftOf('sub', {}, oldPin)]);
  expect(text).toContain(
    'metadata:\n  abacus_notes:\n    - a\n    - b\n  abacus: { rods: 5 } # three\n  session_scope: call\n',
  );
});

test('taking over again changes nothing', async () => {
  const drafts = ['a', 'b', 'c'].map((name) => draftOf(name, { description: `Does ${name}` }, newPin));
  const [fresh = ''] = manifestTexts(drafts.map(prepared));
  expect(await taken(fresh, drafts)).toBe(fresh);
  const [old = ''] = manifestTexts(
    [draftOf('a', { description: 'Did', output: { type: 'object' } }, oldPin), draftOf('d')].map(prepared),
  );
  expect(await taken(old, drafts)).toBe(fresh);
});

test('a pinned capability has changed where its pin has, whatever people edited', async () => {
  await using folder = await temporaryFolder({ 'a.yaml': manifest });
  const { capabilities } = await new ManifestLoader(pinningRegistry, {}).load(folder.path);
  const drafts = [draftOf('add', { description: 'Adds' }, oldPin), draftOf('sub', { description: 'x' }, newPin)];
  const { changed, unchanged, removed } = compareDrafts(capabilities, drafts.map(prepared));
  expect(changed.map(({ capability, fields }) => [capability.id, fields])).toEqual([['abacus.sub', ['description']]]);
  expect(unchanged.map(({ id }) => id)).toEqual(['my.own.id']);
  expect(removed.map(({ id }) => id)).toEqual(['abacus.old']);
  const byId = compareDrafts(capabilities, [prepared(draftOf('old', { metadata: { abacus_label_name: 'young' } }))]);
  expect(byId.changed.map(({ capability }) => capability.id)).toEqual([]);
  expect({ added: byId.added, unchanged: byId.unchanged.map(({ id }) => id) }).toEqual({
    added: [],
    unchanged: ['abacus.old'],
  });
  const same = compareDrafts(capabilities, [prepared(draftOf('sub', {}, newPin))]);
  expect(same.changed.map(({ fields }) => fields)).toEqual([['definition']]);
});

test.each([
  [
    'a list in one line',
    'capabilities: [{ id: abacus.add, metadata: { abacus_rods: 1 } }]\n',
    { removed: ['abacus.add'] },
  ],
  ['a capability that is not there', 'id: abacus.add\nmetadata: { abacus_rods: 1 }\n', { removed: ['abacus.sub'] }],
  ['no list to add to', 'id: abacus.add\nmetadata: { abacus_rods: 1 }\n', { added: [prepared(draftOf('x'))] }],
])('refuses %s instead of breaking the file', (_, text, edits) => {
  expect(() => editManifest('a.yaml', text, edits)).toThrow(
    expect.objectContaining({ code: 'MANIFEST_INVALID', message: expect.stringContaining('by hand') }),
  );
});
