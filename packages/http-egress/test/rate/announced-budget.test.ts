import { expect, test } from 'vitest';
import { announcedBudget } from '../../src/rate/announced-budget.ts';

const now = Date.parse('2026-11-20T12:00:00Z');
const inAMinute = now + 60_000;

type Headers = Readonly<Record<string, string | string[]>>;

test.each<[string, Headers, object | undefined]>([
  [
    'RateLimit-*',
    { 'ratelimit-limit': '100', 'ratelimit-remaining': '7', 'ratelimit-reset': '60' },
    { limit: 100, remaining: 7, resetAt: inAMinute },
  ],
  [
    'RateLimit-* with a policy behind the limit',
    { 'ratelimit-limit': '100, 100;w=60', 'ratelimit-remaining': '7', 'ratelimit-reset': '60' },
    { limit: 100, remaining: 7, resetAt: inAMinute },
  ],
  [
    'X-RateLimit-* with seconds',
    { 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '60' },
    { limit: 100, remaining: 0, resetAt: inAMinute },
  ],
  [
    'X-RateLimit-* with an instant in seconds',
    { 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': String(inAMinute / 1_000) },
    { remaining: 7, resetAt: inAMinute },
  ],
  [
    'X-RateLimit-* with an instant in milliseconds',
    { 'x-ratelimit-remaining': '7', 'x-ratelimit-reset': String(inAMinute) },
    { remaining: 7, resetAt: inAMinute },
  ],
  [
    'an instant by a clock that is an hour ahead',
    {
      date: 'Fri, 20 Nov 2026 13:00:00 GMT',
      'x-ratelimit-remaining': '7',
      'x-ratelimit-reset': String(inAMinute / 1_000 + 3_600),
    },
    { remaining: 7, resetAt: inAMinute },
  ],
  ['RateLimit', { ratelimit: '"default";r=7;t=60' }, { remaining: 7, resetAt: inAMinute }],
  [
    'RateLimit with several budgets',
    { ratelimit: '"day";r=900;t=3600, "burst";r=0;t=5, "minute";r=0;t=60' },
    { remaining: 0, resetAt: inAMinute },
  ],
  [
    'RateLimit of draft 07',
    { ratelimit: 'limit=100, remaining=7, reset=60' },
    { limit: 100, remaining: 7, resetAt: inAMinute },
  ],
  [
    'RateLimit before the others',
    { ratelimit: '"default";r=7;t=60', 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '1' },
    { remaining: 7, resetAt: inAMinute },
  ],
  ['none', {}, undefined],
  ['no reset', { 'x-ratelimit-remaining': '7' }, undefined],
  ['no number', { 'x-ratelimit-remaining': 'many', 'x-ratelimit-reset': '60' }, undefined],
  ['a negative number', { 'x-ratelimit-remaining': '-1', 'x-ratelimit-reset': '60' }, undefined],
  ['a header twice', { 'x-ratelimit-remaining': ['1', '2'], 'x-ratelimit-reset': '60' }, undefined],
  ['something else', { ratelimit: 'soon' }, undefined],
])('reads %s', (_, headers, expected) => {
  expect(announcedBudget(headers, now)).toEqual(expected);
});
