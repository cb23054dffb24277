import type { JsonObject } from '@capstan/provider';
import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime } from '@capstan/runtime';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { capstan } from '../cli/capstan.ts';
import { workspaceRoot } from '../guards/workspace.ts';

type Inputs = Readonly<Record<string, JsonObject>>;

const fromRoot = createRequire(join(workspaceRoot, 'package.json'));
let folder: string;

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'capstan-imported-')));
  writeFileSync(join(folder, 'a.txt'), 'one\ntwo\n');
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function serverScript(name: string): string {
  return join(dirname(fromRoot.resolve(`@modelcontextprotocol/server-${name}/package.json`)), 'dist/index.js');
}

/** Imports a server by one command and calls its tools; nobody touches the manifest between. */
async function importAndCall(server: string, words: readonly string[], id: string, inputs: Inputs): Promise<unknown> {
  const out = join('manifests', `${id}.yaml`);
  const [args, options] = [
    words.filter((word) => !word.startsWith('--')),
    words.filter((word) => word.startsWith('--')),
  ];
  const environment = { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') };
  const command = ['import', 'mcp', '--out', out, ...options, '--', process.execPath, serverScript(server), ...args];
  const { exitCode, stderr } = await capstan(command, { folder, environment });
  await using runtime = await createRuntime({ manifests: join(folder, out), providers: [mcpProvider()], environment });
  const failed: unknown[] = [];
  for (const [name, input] of Object.entries(inputs)) {
    try {
      const result = await runtime.call(`mcp.${id}.${name}`, input);
      if (result.isError) failed.push({ name, content: result.content });
    } catch (error) {
      failed.push({ name, error });
    }
  }
  return { exitCode, stderr, imported: runtime.marketplace.list().map((capability) => capability.id), failed };
}

test.each<[server: string, words: readonly string[], id: string, inputs: Inputs]>([
  [
    'everything',
    [],
    'everything',
    {
      echo: { message: 'hello' },
      get_annotated_message: { messageType: 'success' },
      get_env: {},
      get_resource_links: { count: 2 },
      get_resource_reference: { resourceType: 'Text', resourceId: 1 },
      get_structured_content: { location: 'Chicago' },
      get_sum: { a: 1, b: 2 },
      get_tiny_image: {},
      gzip_file_as_resource: { name: 'a.gz', data: 'data:text/plain,hello' },
      simulate_research_query: { topic: 'capstans' },
      toggle_simulated_logging: {},
      toggle_subscriber_updates: {},
      trigger_elicitation_request: {},
      trigger_long_running_operation: { duration: 0.1, steps: 1 },
      trigger_url_elicitation: { url: 'https://example.com/' },
    },
  ],
  [
    'filesystem',
    ['.'],
    'filesystem',
    {
      create_directory: { path: 'made' },
      directory_tree: { path: '.' },
      edit_file: { path: 'a.txt', edits: [{ oldText: 'two', newText: 'three' }] },
      get_file_info: { path: 'a.txt' },
      list_allowed_directories: {},
      list_directory: { path: '.' },
      list_directory_with_sizes: { path: '.' },
      read_file: { path: 'a.txt' },
      read_media_file: { path: 'a.txt' },
      read_multiple_files: { paths: ['a.txt'] },
      read_text_file: { path: 'a.txt', head: 1 },
      search_files: { path: '.', pattern: '*.txt' },
      write_file: { path: 'made/b.txt', content: 'b' },
      move_file: { source: 'made/b.txt', destination: 'made/c.txt' },
    },
  ],
  [
    'memory',
    ['--env=MEMORY_FILE_PATH=MEMORY_FILE_PATH'],
    'memory',
    {
      create_entities: { entities: [named('a'), named('b')] },
      create_relations: { relations: [{ from: 'a', to: 'b', relationType: 'knows' }] },
      add_observations: { observations: [{ entityName: 'a', contents: ['tall'] }] },
      read_graph: {},
      search_nodes: { query: 'a' },
      open_nodes: { names: ['a'] },
      delete_observations: { deletions: [{ entityName: 'a', observations: ['tall'] }] },
      delete_relations: { relations: [{ from: 'a', to: 'b', relationType: 'knows' }] },
      delete_entities: { entityNames: ['a', 'b'] },
    },
  ],
  [
    'sequential-thinking',
    [],
    'sequential_thinking',
    { sequentialthinking: { thought: 'First', nextThoughtNeeded: false, thoughtNumber: 1, totalThoughts: 1 } },
  ],
])(
  'every tool of the %s server is callable after one import',
  { timeout: 120_000 },
  async (server, words, id, inputs) => {
    const ids = Object.keys(inputs).map((name) => `mcp.${id}.${name}`);
    expect(await importAndCall(server, words, id, inputs)).toEqual({
      exitCode: 0,
      stderr: '',
      imported: ids.toSorted(),
      failed: [],
    });
  },
);

function named(name: string): JsonObject {
  return { name, entityType: 'thing', observations: [] };
}
