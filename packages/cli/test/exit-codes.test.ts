import { CapstanError, type ErrorCode, errorCodes } from '@capstan/provider';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { exitCodeOf, exitCodes } from '../src/exit-codes.ts';
import { UsageError } from '../src/usage-error.ts';

test('every error code stands in exactly one row', () => {
  const listed: readonly ErrorCode[] = Object.values(exitCodes).flatMap(({ errors }) => [...errors]);
  expect(listed.toSorted()).toEqual(Object.keys(errorCodes).toSorted());
});

test.each([
  [new CapstanError('INPUT_INVALID', ''), 5],
  [new CapstanError('OUTCOME_UNKNOWN', ''), 9],
  [new CapstanError('CANCELLED', ''), 130],
  [new UsageError(''), 2],
  [new TypeError(''), 1],
  ['thrown text', 1],
])('ends after %j with %i', (error, exitCode) => {
  expect(exitCodeOf(error)).toBe(exitCode);
});

test('the README has the same table', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| *(\d+) *\| *(.*?) *\| *(.*?) *\|$/gm)].map(([, ...cells]) => cells);
  const expected = Object.entries(exitCodes).map(([exitCode, { meaning, errors }]) => {
    const codes: readonly string[] = errors;
    return [exitCode, meaning, codes.map((code) => `\`${code}\``).join(', ')];
  });
  expect(rows).toEqual(expected);
});
