import { describe, expect, test } from 'vitest';
import { findJsonError } from '../src/find-json-error.ts';

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

describe('findJsonError', () => {
  test.each([
    ['', 1, 1, 'a value', ''],
    ['{"city": Bern}', 1, 10, 'a value', 'Bern}'],
    ["{'city': 1}", 1, 2, 'a property name in double quotes', "'city': 1}"],
    ['{"a": 1,\n "b" 2}', 2, 6, '":"', '2}'],
    ['[1, 2', 1, 6, '"," or "]"', ''],
    ['{"a": 1,}', 1, 9, 'a property name in double quotes', '}'],
    ['[1 2]', 1, 4, '"," or "]"', '2]'],
    ['{} {}', 1, 4, 'the end', '{}'],
    ['"open', 1, 1, 'a value', '"open'],
    ['[01]', 1, 2, 'a value', '01]'],
  ])('finds where %j stops being JSON', (text, line, column, expected, seen) => {
    expect(findJsonError(text)).toEqual({ line, column, expected, seen });
  });

  test.each(['{}', '[]', ' [1, -0.5e3, "\\u00e9\\n", true, null, {"a": {"b": []}}]\n', '"text"', '0'])(
    'finds nothing in %j',
    (text) => {
      expect(findJsonError(text)).toBeUndefined();
    },
  );

  test('agrees with JSON.parse on every text that one cut, doubling or change makes', () => {
    const text = '{"a": [1, -2.5e+1, true, null, "x\\n\\u00ff"], "b": {}, "c": "é\\"", "d": [[], [{}]]}';
    const characters = '{}[],:"\\0-.etn \n'.split('');
    const variants = text
      .split('')
      .flatMap((character, at) => [
        text.slice(0, at),
        text.slice(0, at) + text.slice(at + 1),
        text.slice(0, at) + character + text.slice(at),
        ...characters.map((other) => text.slice(0, at) + other + text.slice(at + 1)),
      ]);
    const disagreed = variants.filter((variant) => isJson(variant) !== (findJsonError(variant) === undefined));
    expect(disagreed).toEqual([]);
  });

  test('gives up on depth instead of on the stack', () => {
    expect(findJsonError('['.repeat(100_000))).toMatchObject({ expected: 'less depth' });
  });
});
