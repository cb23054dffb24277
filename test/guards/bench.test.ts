import { spawnSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from './temporary-folder.ts';
import { workspaceRoot } from './workspace.ts';

const measurement = `
const said: string = process.argv.slice(2).join();
console.log(said);
process.exitCode = 7;
`;

/** Runs the measurement runner in a folder of its own that holds the measurement `sample`. */
const bench = (...args: readonly string[]) => {
  using folder = temporaryFolder();
  copyFileSync(join(workspaceRoot, 'bench/run.ts'), join(folder.path, 'run.ts'));
  writeFileSync(join(folder.path, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(join(folder.path, 'sample.bench.ts'), measurement);
  const run = spawnSync(process.execPath, [join(folder.path, 'run.ts'), ...args], { encoding: 'utf8' });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
};

test('runs a measurement and ends with its exit code', () => {
  expect(bench('sample', 'a', 'b')).toEqual({ status: 7, stdout: 'a,b\n', stderr: '' });
});

test.each([
  [[], 'Which measurement?'],
  [['unknown'], 'There is no measurement "unknown".'],
])('lists the names when it is called with %j', (args, sentence) => {
  expect(bench(...args)).toEqual({
    status: 2,
    stdout: '',
    stderr: `${sentence} pnpm bench <name>, one of: sample\n`,
  });
});
