import { appendFileSync, cpSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { findProviderKnowledge } from './provider-knowledge.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { workspaceRoot } from './workspace.ts';

const builtOrInstalled = new Set(['node_modules', 'dist', '.turbo', 'coverage']);

const copyOfTheCore = () => {
  const folder = temporaryFolder();
  for (const name of ['packages/provider', 'packages/runtime'])
    cpSync(join(workspaceRoot, name), join(folder.path, name), {
      recursive: true,
      filter: (path) => !builtOrInstalled.has(basename(path)),
    });
  return folder;
};

test('the core knows no provider', () => {
  expect(findProviderKnowledge(workspaceRoot)).toEqual([]);
});

test.each([
  "if (prefix === 'mcp') return;",
  'const McpServer = 1;',
  "metadata['mcp_server_url'];",
  'metadata.graphql_endpoint;',
  '// as OpenAPI says',
  "metadata['http_url'];",
  "import { httpProvider } from '@capstan/provider-http';",
  "import { httpProvider } from '../../provider-http/src/index.ts';",
])('finds a provider in a line of the core: %s', (line) => {
  using copy = copyOfTheCore();
  appendFileSync(join(copy.path, 'packages/runtime/src/index.ts'), `\n${line}\n`);
  expect(findProviderKnowledge(copy.path)).toEqual([
    expect.stringMatching(/^packages\/runtime\/src\/index\.ts:\d+: /) as string,
  ]);
});

test('finds a provider in the name of a file, and in files that are no code', () => {
  using copy = copyOfTheCore();
  renameSync(join(copy.path, 'packages/provider/src/json.ts'), join(copy.path, 'packages/provider/src/mcp-json.ts'));
  writeFileSync(join(copy.path, 'packages/runtime/notes.md'), 'Works with GraphQL.\n');
  expect(findProviderKnowledge(copy.path)).toEqual([
    'packages/provider/src/mcp-json.ts:0: packages/provider/src/mcp-json.ts',
    'packages/runtime/notes.md:1: Works with GraphQL.',
  ]);
});

test('leaves the word http, URLs and environment variables alone', () => {
  using copy = copyOfTheCore();
  appendFileSync(
    join(copy.path, 'packages/runtime/src/index.ts'),
    "\n// over http, see http://localhost and HTTP_PROXY\nexport type A = 'provider-registry';\n",
  );
  expect(findProviderKnowledge(copy.path)).toEqual([]);
});
