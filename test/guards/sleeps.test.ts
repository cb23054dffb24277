import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findSleeps } from './sleeps.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { workspaceRoot } from './workspace.ts';

const sleepsIn = (line: string): readonly string[] => {
  using folder = temporaryFolder();
  mkdirSync(join(folder.path, 'test'));
  writeFileSync(join(folder.path, 'test/a.test.ts'), `\n${line}\n`);
  return findSleeps(folder.path);
};

test('no test sleeps', () => {
  expect(findSleeps(workspaceRoot)).toEqual([]);
});

test.each([
  'await new Promise((resolve) => setTimeout(resolve, 50));',
  'await new Promise<void>((resolve) => { setTimeout(() => resolve(), 50); });',
  'await new Promise(\n  (done) =>\n    setTimeout(done, 5));',
  "import { setTimeout as sleep } from 'node:timers/promises';",
])('finds a sleep: %s', (line) => {
  expect(sleepsIn(line)).toEqual(['test/a.test.ts:2']);
});

test('lets an upstream answer late', () => {
  expect(sleepsIn('setTimeout(() => response.end(), 50);')).toEqual([]);
});
