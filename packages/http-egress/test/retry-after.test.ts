import { expect, test } from 'vitest';
import { retryAfterMs } from '@capstan/http-egress';

const now = Date.parse('Fri, 20 Nov 2026 12:00:00 GMT');

test.each([
  ['0', 0],
  ['1', 1_000],
  [' 7 ', 7_000],
  ['3600', 60_000],
  ['9'.repeat(400), 60_000],
  ['Fri, 20 Nov 2026 12:00:05 GMT', 5_000],
  ['Friday, 20-Nov-26 12:00:05 GMT', 5_000],
  ['Fri Nov 20 12:00:05 2026', 5_000],
  ['Fri, 20 Nov 2026 11:00:00 GMT', 0],
  ['Sat, 20 Nov 2027 12:00:00 GMT', 60_000],
])('reads %j as %d ms', (value, ms) => {
  expect(retryAfterMs(value, now)).toBe(ms);
});

test.each([undefined, '', 'soon', '-1', '1.5', '5 apples', 'Monday'])('reads nothing from %j', (value) => {
  expect(retryAfterMs(value, now)).toBeUndefined();
});
