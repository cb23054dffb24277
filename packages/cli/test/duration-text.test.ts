import { expect, test } from 'vitest';
import { durationText } from '../src/duration-text.ts';

test.each([
  [-5, '0 s'],
  [0, '0 s'],
  [999, '0 s'],
  [59_999, '59 s'],
  [60_000, '1 min'],
  [7_199_999, '1 h'],
  [172_800_000, '2 d'],
])('%i ms are shown as %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});
