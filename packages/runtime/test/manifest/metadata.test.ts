import { flattenMetadata, type NestedMetadata, unflattenMetadata } from '@capstan/runtime';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

describe('flattenMetadata', () => {
  it('joins nested keys by underscores and lists by line breaks', () => {
    const { metadata, conflicts } = flattenMetadata({
      team: 'blue',
      abacus: { beads: 7, auth: { env_var: 'KEY' }, notes: ['first', 2, true] },
    });
    expect(metadata).toEqual({
      team: 'blue',
      abacus_beads: 7,
      abacus_auth_env_var: 'KEY',
      abacus_notes: 'first\n2\ntrue',
    });
    expect(conflicts).toEqual([]);
  });

  it('names both places of a key that is said twice with different values', () => {
    const { conflicts } = flattenMetadata({ abacus_beads: 1, abacus: { beads: 2 } });
    expect(conflicts).toEqual([{ key: 'abacus_beads', paths: [['abacus_beads'], ['abacus', 'beads']] }]);
  });

  it('takes the same key with the same value for no conflict', () => {
    expect(flattenMetadata({ abacus_notes: 'a\nb', abacus: { notes: ['a', 'b'] } })).toEqual({
      metadata: { abacus_notes: 'a\nb' },
      conflicts: [],
    });
  });

  it('makes own properties of keys with the name of a setter', () => {
    const nested = JSON.parse('{"__proto__": "x", "": {"_proto__": "x"}}') as NestedMetadata;
    const { metadata } = flattenMetadata(nested);
    expect(Object.entries(metadata)).toEqual([['__proto__', 'x']]);
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
  });
});

describe('unflattenMetadata', () => {
  it('groups the keys of each prefix', () => {
    expect(unflattenMetadata({ abacus_beads: 7, abacus_auth_env_var: 'KEY', team: 'blue' }, ['abacus'])).toEqual({
      abacus: { beads: 7, auth_env_var: 'KEY' },
      team: 'blue',
    });
  });

  it('is undone by flattenMetadata', () => {
    const word = fc.constantFrom('a', 'ab', 'b', '_', 'x1', '__proto__', 'constructor', '');
    const key = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join('_'));
    const value = fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant('a\nb'),
    );
    const flat = fc.array(fc.tuple(fc.oneof(key, fc.string()), value)).map((entries) => Object.fromEntries(entries));
    fc.assert(
      fc.property(flat, fc.array(fc.oneof(word, fc.string())), (metadata, prefixes) => {
        const again = flattenMetadata(unflattenMetadata(metadata, prefixes));
        expect(again.conflicts).toEqual([]);
        const sorted = (entries: object): unknown[] => Object.entries(entries).toSorted(([a], [b]) => (a < b ? -1 : 1));
        expect(sorted(again.metadata)).toEqual(sorted(metadata));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});
