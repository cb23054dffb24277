import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { findBoundaryViolations } from './package-boundaries.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { workspaceRoot } from './workspace.ts';

/** A workspace of the given files; packages that are not said otherwise ship `@capstan/provider` and `tsyringe`. */
const workspace = (files: Readonly<Record<string, string>>) => {
  const folder = temporaryFolder();
  const manifest = { dependencies: { '@capstan/provider': 'workspace:*' } };
  const all = {
    'packages/runtime/package.json': JSON.stringify({ name: '@capstan/runtime', ...manifest }),
    'packages/provider-mcp/package.json': JSON.stringify({ name: '@capstan/provider-mcp', ...manifest }),
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder.path, path)), { recursive: true });
    writeFileSync(join(folder.path, path), text);
  }
  return folder;
};

test('imports between packages only point down the table', () => {
  expect(findBoundaryViolations(workspaceRoot)).toEqual([]);
});

test('a test may import what its sources may not', () => {
  using folder = workspace({
    'packages/provider-mcp/src/index.ts': "import { readFileSync } from 'node:fs';\nexport type { A } from './a.ts';\n",
    'packages/provider-mcp/test/index.test.ts': "import { createRuntime } from '@capstan/runtime';\n",
  });
  expect(findBoundaryViolations(folder.path)).toEqual([]);
});

test.each([
  ['an upward import', 'packages/provider-mcp/src/a.ts', "import { createRuntime } from '@capstan/runtime';"],
  ['a re-export over many lines', 'packages/runtime/src/a.ts', "export {\n  a,\n} from '@capstan/provider-mcp';"],
  ['an import of types only', 'packages/runtime/src/a.ts', "import type { A } from '@capstan/provider-mcp';"],
  ['an import at run time', 'packages/runtime/src/a.ts', "await import('@capstan/gateway');"],
  ['a path into another package', 'packages/runtime/src/a.ts', "import { a } from '../../provider/src/a.ts';"],
  ['a package that is not shipped', 'packages/runtime/src/a.ts', "import { test } from 'vitest';"],
  ['the container beside container.ts', 'packages/runtime/src/a.ts', "import { container } from 'tsyringe';"],
  ['the container in a test', 'packages/runtime/test/a.test.ts', "import 'reflect-metadata';"],
])('finds %s', (_, path, text) => {
  using folder = workspace({ [path]: `${text}\n` });
  expect(findBoundaryViolations(folder.path)).toEqual([expect.stringContaining(path) as string]);
});

test('finds an upward dependency and a package that the table does not know', () => {
  using folder = workspace({
    'packages/provider-mcp/package.json': JSON.stringify({ dependencies: { '@capstan/runtime': '1', tsyringe: '4' } }),
    'packages/utils/package.json': JSON.stringify({ name: '@capstan/utils' }),
  });
  expect(findBoundaryViolations(folder.path)).toEqual([
    'packages/provider-mcp/package.json depends on @capstan/runtime, which is not below it',
    'packages/provider-mcp/package.json depends on tsyringe: only the runtime may',
    'packages/utils is not in the table of packages',
  ]);
});
