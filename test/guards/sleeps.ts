import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesUnder } from './workspace.ts';

/** A promise that only waits: it is too short on a busy machine, and too long on all others. */
const sleeps: readonly RegExp[] = [
  /new Promise\b[^;]{0,80}?=>\s*\{?\s*(?:void\s+)?setTimeout\(/g,
  /from\s*['"](?:node:)?timers\/promises['"]/g,
  /\bAtomics\.wait\(/g,
];

const testFolders = (root: string): readonly string[] => [
  'test',
  ...['packages', 'examples']
    .filter((parent) => existsSync(join(root, parent)))
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}/test`))
    .filter((folder) => existsSync(join(root, folder))),
];

/** Where a test sleeps instead of waiting for what it wants to see, as `path:line`. */
export const findSleeps = (root: string): readonly string[] =>
  testFolders(root)
    .flatMap((folder) => filesUnder(root, folder))
    .filter((path) => path.endsWith('.ts') && !/^test\/guards\/sleeps(?:\.test)?\.ts$/.test(path))
    .flatMap((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return sleeps.flatMap((sleep) =>
        [...text.matchAll(sleep)].map(({ index }) => `${path}:${text.slice(0, index).split('\n').length}`),
      );
    });
