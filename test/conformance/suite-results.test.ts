import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../guards/temporary-folder.ts';
import { judge, readChecks, type ScenarioChecks } from './suite-results.ts';

const scenario = (name: string, ...failing: readonly string[]): ScenarioChecks => ({
  scenario: name,
  passed: 1,
  failures: failing.map((check) => ({ check, reason: 'It is wrong.' })),
});

test('names every check that fails and is on no list', () => {
  const { unexpected } = judge([scenario('a', 'one', 'two'), scenario('b', 'three'), scenario('c')], ['a:one', 'b']);
  expect(unexpected).toEqual(['a:two: It is wrong.']);
});

test('names every entry of the list that passes, and none that did not run', () => {
  const { stale } = judge([scenario('a', 'one'), scenario('b')], ['a', 'a:two', 'b', 'not-run']);
  expect(stale).toEqual(['a:two', 'b']);
});

test('reads failures and warnings of a scenario by its name, whatever folder and time it was written to', async () => {
  using folder = temporaryFolder();
  const results = join(folder.path, 'auth', 'basic-cimd-2026-11-20T16-37-15-925Z');
  await mkdir(results, { recursive: true });
  const checks = [
    { id: 'good', status: 'SUCCESS', description: 'It is good.' },
    { id: 'bad', status: 'FAILURE', description: 'It is bad.', errorMessage: 'It was not sent.' },
    { id: 'poor', status: 'WARNING', description: 'It is poor.' },
    { id: 'seen', status: 'INFO', description: 'It was seen.' },
  ];
  await writeFile(join(results, 'checks.json'), JSON.stringify(checks));
  expect(await readChecks(folder.path)).toEqual([
    {
      scenario: 'auth/basic-cimd',
      passed: 1,
      failures: [
        { check: 'bad', reason: 'It was not sent.' },
        { check: 'poor', reason: 'It is poor.' },
      ],
    },
  ]);
});
