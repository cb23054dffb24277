import type { Capability, JsonSchema } from '@capstan/provider';
import type { ChangedCapability } from '@capstan/runtime';
import { expect, test } from 'vitest';
import { changeText, definitionChanges } from '../src/definition-changes.ts';

/** What a person is shown before accepting that `before` becomes `after`. */
function shown(before: JsonSchema, after: JsonSchema): string {
  const capability: Capability = {
    id: 'toy.a',
    kind: 'tool',
    effect: 'once',
    publish: true,
    provider: 'toy',
    metadata: {},
    source: { file: 'a.yaml', line: 1, column: 1 },
    input: before,
  };
  const { source: _source, provider: _provider, ...drafted } = capability;
  const draft = {
    capability: { ...drafted, input: after },
    metadata: {},
    sharedNotes: [],
    notes: [],
    warnings: [],
    text: '',
  };
  const change: ChangedCapability = { capability, draft, fields: ['input'] };
  return changeText(definitionChanges(change)).join('\n');
}

const harmless = 'Nothing to see. '.repeat(100);

test.each<[string, JsonSchema]>([
  ['of a property', { properties: { a: { type: 'string', description: `${harmless}POISON` } } }],
  ['in a list', { anyOf: [{ type: 'string' }, { description: `${harmless}POISON` }] }],
  ['of choices', { enum: [...Array.from({ length: 100 }, (_, index) => `choice ${index}`), 'POISON'] }],
  [
    'behind many others',
    {
      properties: Object.fromEntries([
        ...Array.from({ length: 100 }, (_, index) => [`a${index}`, { type: 'string' }]),
        ['z', { description: 'POISON' }],
      ]),
    },
  ],
  ['in a name behind many others', { required: [...Array.from({ length: 100 }, () => 1), { POISON: true }] }],
])('all of a new text %s is shown before it is accepted', (_, after) => {
  expect(shown({ type: 'object' }, { type: 'object', ...after })).toContain('POISON');
});

test('of what is gone some is enough', () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`a${index}`, { type: 'string' }]));
  const text = shown({ properties: many }, { properties: {} });
  expect(text.split('\n').length).toBeLessThan(100);
  expect(text).toContain('… and 60 more that are gone');
});

test('an empty schema that is new is shown as such', () => {
  expect(shown({ properties: {} }, { properties: { a: {} } })).toBe('input/properties/a\n  + {}');
});
