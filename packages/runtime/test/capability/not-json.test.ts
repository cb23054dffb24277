import { describe, expect, it } from 'vitest';
import { notJson } from '../../src/capability/not-json.ts';

describe('notJson', () => {
  it.each<[string, unknown, string, string]>([
    ['bytes', { file: new Uint8Array(3) }, '/file', 'base64'],
    ['a bigint', [1, 2n], '/1', 'bigint'],
    ['a date', { at: new Date(0) }, '/at', 'Date'],
    ['a function', { run: () => 1 }, '/run', 'function'],
    ['not a number', { n: Number.NaN }, '/n', 'NaN'],
    ['undefined in a list', [undefined], '/0', 'undefined'],
    ['an object of no class', { odd: Object.create(Object.create(null)) }, '/odd', 'special object'],
    ['keys with slashes', { 'a/b~c': 1n }, '/a~1b~0c', 'bigint'],
  ])('finds %s and says where', (_what, value, path, word) => {
    const found = notJson(value);
    expect(found?.path).toBe(path);
    expect(found?.what).toContain(word);
  });

  it('stops at cycles', () => {
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(notJson(cycle)?.what).toContain('64 levels');
  });

  it('lets everything pass that JSON carries', () => {
    expect(
      notJson({ text: 'x', list: [1, null, true], nothing: undefined, bare: Object.create(null) }),
    ).toBeUndefined();
  });
});
