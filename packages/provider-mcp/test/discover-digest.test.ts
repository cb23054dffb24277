import type { JsonObject } from '@capstan/provider';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { definitionDigest } from '../src/discover/definition-digest.ts';

const definition: JsonObject = {
  name: 'add',
  title: 'Add',
  description: 'Adds',
  inputSchema: { type: 'object', properties: { a: { type: 'number' } }, required: ['a', 'b'] },
  outputSchema: { type: 'object' },
  annotations: { readOnlyHint: true },
};

function reversed(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

test('the order of keys does not matter', () => {
  expect(definitionDigest(reversed(definition) as JsonObject)).toBe(definitionDigest(definition));
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const tool = { name: 'x', inputSchema: { value: value as never } };
      expect(definitionDigest(reversed(tool) as JsonObject)).toBe(definitionDigest(tool));
    }),
  );
});

test.each<[string, JsonObject]>([
  ['name', { name: 'add2' }],
  ['title', { title: 'Add!' }],
  ['description', { description: 'Adds ' }],
  ['input', { inputSchema: { type: 'object', properties: { a: { type: 'integer' } }, required: ['a', 'b'] } }],
  ['order of a list', { inputSchema: { type: 'object', properties: { a: { type: 'number' } }, required: ['b', 'a'] } }],
  ['output', { outputSchema: {} }],
  ['annotations', { annotations: { readOnlyHint: false } }],
])('a change of the %s changes it', (_, change) => {
  expect(definitionDigest({ ...definition, ...change })).not.toBe(definitionDigest(definition));
});

test('what no model and no person decides by leaves it alone', () => {
  const more = { _meta: { x: 1 }, icons: [], execution: { taskSupport: 'forbidden' } };
  expect(definitionDigest({ ...definition, ...more })).toBe(definitionDigest(definition));
});
