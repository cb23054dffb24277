import { expect, test } from 'vitest';
import type { ExpiryUnit } from '@capstan/http-egress';
import { announcedExpiry } from '../../src/login/announced-expiry.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const inAnHour = now + 3_600_000;

test.each<[unknown, ExpiryUnit, number | undefined]>([
  [3600, 'auto', inAnHour],
  ['3600', 'auto', inAnHour],
  [3600, 's', inAnHour],
  [3_600_000, 'ms', inAnHour],
  [inAnHour / 1_000, 'auto', inAnHour],
  [inAnHour, 'auto', inAnHour],
  [inAnHour, 'ms', inAnHour],
  ['2026-11-20T13:00:00Z', 'auto', inAnHour],
  ['2026-11-20T14:00:00+01:00', 'iso', inAnHour],
  ['2026-11-20T11:00:00Z', 'iso', undefined],
  ['2026-11-20T13:00:00Z', 's', undefined],
  [3600, 'iso', undefined],
  [0, 'auto', undefined],
  [-1, 'auto', undefined],
  [Number.POSITIVE_INFINITY, 's', undefined],
  ['soon', 'auto', undefined],
  [null, 'auto', undefined],
  [undefined, 'auto', undefined],
  [{}, 'auto', undefined],
])('%j as %s', (value, unit, expected) => {
  expect(announcedExpiry(value, unit, now)).toBe(expected);
});
