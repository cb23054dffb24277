import { type JsonValue, toArguments } from '@capstan/provider';
import { describe, expect, it } from 'vitest';

describe('toArguments', () => {
  it('takes a list for the argument vector, as it is', () => {
    for (const list of [[], ['one'], [1, null, ['nested'], { deep: true }]]) expect(toArguments(list)).toBe(list);
  });

  it.each<[JsonValue]>([['text'], [0], [false], [null], [{ 0: 'not a list', length: 1 }]])(
    'takes anything else for the only argument: %j',
    (value) => {
      expect(toArguments(value)).toEqual([value]);
    },
  );
});
