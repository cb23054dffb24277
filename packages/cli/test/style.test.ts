import { expect, test } from 'vitest';
import { visible } from '../src/style.ts';

test.each([
  ['\u001b[2J', '\\x1b[2J'],
  ['\u009b2J', '\\x9b2J'],
  ['\u007f', '\\x7f'],
  ['pay \u202eyllanretxe', 'pay \\u202eyllanretxe'],
  ['a\u2066b\u2069', 'a\\u2066b\\u2069'],
  ['one\r\n\ttwo', 'one\n\ttwo'],
  ['שלום, 世界', 'שלום, 世界'],
])('%j is shown as %j', (text, shown) => {
  expect(visible(text)).toBe(shown);
});
