import type { JsonSchema } from '@capstan/provider';
import { describe, expect, test } from 'vitest';
import { parseInput } from '../src/parse-input.ts';

const schema: JsonSchema = {
  type: 'object',
  properties: {
    text: { type: 'string' },
    count: { type: 'integer' },
    ratio: { type: 'number' },
    flag: { type: 'boolean' },
    list: { type: 'array' },
    object: { $ref: '#/$defs/object' },
    maybe: { type: ['integer', 'null'] },
    either: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    level: { enum: [1, 2, 3] },
    open: {},
  },
  $defs: { object: { type: 'object' } },
};

describe('parseInput', () => {
  test('nothing is an empty object', () => {
    expect(parseInput([], schema)).toEqual({});
  });

  test.each([
    ['text=12', { text: '12' }],
    ['text=', { text: '' }],
    ['text=a=b:=c', { text: 'a=b:=c' }],
    ['count=12', { count: 12 }],
    ['ratio=-1.5e3', { ratio: -1500 }],
    ['flag=true', { flag: true }],
    ['flag=false', { flag: false }],
    ['list=[1, "a"]', { list: [1, 'a'] }],
    ['object={"a": 1}', { object: { a: 1 } }],
    ['maybe=null', { maybe: null }],
    ['maybe=7', { maybe: 7 }],
    ['either=7', { either: '7' }],
    ['either:=7', { either: 7 }],
    ['level=2', { level: 2 }],
    ['open=7', { open: '7' }],
    ['open:={"a": "b=c"}', { open: { a: 'b=c' } }],
    ['unknown=7', { unknown: '7' }],
    ['a:b=7', { 'a:b': '7' }],
  ])('types %s by the schema', (word, input) => {
    expect(parseInput([word], schema)).toEqual(input);
  });

  test.each(['count=many', 'flag=yes', 'count=0x10', 'count='])('leaves it to the schema to refuse %s', (word) => {
    const [key = '', text] = word.split('=');
    expect(parseInput([word], schema)).toEqual({ [key]: text });
  });

  test.each([
    ['{"text": "a=b"}', { text: 'a=b' }],
    ['[1]', [1]],
    ['"a=b"', 'a=b'],
    ['7', 7],
  ])('takes a single word %s as JSON', (word, input) => {
    expect(parseInput([word], schema)).toEqual(input);
  });

  test('takes a prototype key as any other', () => {
    const input = parseInput(['__proto__:={"a":1}'], schema);
    expect(Object.keys(input as object)).toEqual(['__proto__']);
    expect(({} as { readonly a?: number }).a).toBeUndefined();
  });

  test.each([
    [['text=a', 'text=b'], '"text" is given twice'],
    [['text=a', 'loose'], '"loose" is neither key=value nor key:=json'],
    [['loose'], 'The input is not JSON: at line 1, column 1 a value was expected, and there is "loose".'],
    [
      ['list=[1'],
      'The value of list is not JSON: at line 1, column 3 "," or "]" was expected, and there is nothing more.',
    ],
    [['open:=[}'], 'The value of open is not JSON: at line 1, column 2 a value was expected, and there is "}".'],
  ])('refuses %j', (words, message) => {
    expect(() => parseInput(words, schema)).toThrow(
      expect.objectContaining({ code: 'INPUT_INVALID', message: expect.stringContaining(message) as string }) as Error,
    );
  });
});
