/** How long loading manifests takes: 10 000 capabilities in 100 files, by a fresh loader and again, unchanged, by the same one; and searching them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProviderPlugin } from '@capstan/provider';
import { createRuntime, ManifestLoader, ProviderRegistry } from '@capstan/runtime';
import { type Figure, median, report } from './report.ts';

const files = 100;
const capabilitiesOfAFile = 100;
const runs = 5;

/** Loading asks a plugin for its prefix and its schema; this one answers calls by their input. */
const echo: ProviderPlugin<object> = {
  prefix: 'echo',
  metadataSchema: {
    type: 'object',
    properties: {
      echo_server_url: { type: 'string' },
      echo_tool_name: { type: 'string' },
      echo_auth_env_var: { type: 'string' },
      echo_requires_session: { enum: ['auto', true, false], default: 'auto' },
    },
    required: ['echo_server_url', 'echo_tool_name'],
  },
  sessionKey: ({ metadata }) => ({ upstream: [String(metadata['echo_server_url'])], identity: { kind: 'none' } }),
  initializeSession: async () => ({}),
  executeWithSession: async (_session, { input }) => ({ output: input, isError: false }),
  terminateSession: async () => {},
  execute: async ({ input }) => ({ output: input, isError: false }),
  classifyError: () => ({ kind: 'fatal', sent: false }),
};

function manifest(file: number): string {
  const lines = [
    'metadata:',
    '  echo_server_url: https://api.example.com/v1',
    '  echo_auth_env_var: SERVICE_TOKEN',
    'capabilities:',
  ];
  for (let index = 0; index < capabilitiesOfAFile; index++) {
    lines.push(
      `  - id: service${file}.issues.operation_${index}`,
      `    description: Searches the issues of a repository and returns those that match, newest first (${index}).`,
      '    effect: read',
      '    input:',
      '      type: object',
      '      properties:',
      '        owner: { type: string, description: Account that owns the repository }',
      '        repository: { type: string }',
      '        query: { type: string, description: Words to look for }',
      '        state: { type: string, enum: [open, closed, all] }',
      '        limit: { type: integer, minimum: 1, maximum: 100 }',
      '        labels: { type: array, items: { type: string } }',
      '      required: [owner, repository]',
      '      additionalProperties: false',
      '    metadata:',
      `      echo_tool_name: operation_${index}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

async function measure(
  load: () => Promise<{ readonly capabilities: readonly unknown[]; readonly problems: readonly unknown[] }>,
): Promise<number> {
  const start = performance.now();
  const { capabilities, problems } = await load();
  const elapsedMs = performance.now() - start;
  if (capabilities.length !== files * capabilitiesOfAFile || problems.length > 0) {
    throw new Error(`Loaded ${capabilities.length} capabilities with ${problems.length} problems.`);
  }
  return elapsedMs;
}

/** The slowest of some queries that people and models would ask. */
async function searchMs(): Promise<number> {
  await using runtime = await createRuntime({ manifests: folder, providers: [echo], environment: {} });
  const medians = ['issues', 'operation_77', 'service42 newest', 'searches repository match', 'nothing like it'].map(
    (query) => {
      const samples = Array.from({ length: 50 }, () => {
        const start = performance.now();
        runtime.marketplace.search(query);
        return performance.now() - start;
      });
      return median(samples);
    },
  );
  return Math.max(...medians);
}

const folder = await mkdtemp(join(tmpdir(), 'capstan-bench-'));
try {
  let bytes = 0;
  for (let file = 0; file < files; file++) {
    const text = manifest(file);
    bytes += text.length;
    await mkdir(join(folder, `group${file % 10}`), { recursive: true });
    await writeFile(join(folder, `group${file % 10}`, `service${file}.yaml`), text);
  }
  const fresh: number[] = [];
  const unchanged: number[] = [];
  for (let run = 0; run < runs; run++) {
    const loader = new ManifestLoader(new ProviderRegistry([echo]), {});
    fresh.push(await measure(() => loader.load(folder)));
    unchanged.push(await measure(() => loader.load(folder)));
  }
  console.log(`${files * capabilitiesOfAFile} capabilities in ${files} files, ${Math.round(bytes / 1024)} KiB`);
  const figures: Figure[] = [
    { what: 'load by a fresh loader', value: median(fresh), unit: 'ms', goal: { max: 4_000 } },
    { what: 'load again, unchanged', value: median(unchanged), unit: 'ms', goal: { max: 1_000 } },
    { what: 'search, the slowest of five queries', value: await searchMs(), unit: 'ms', goal: { max: 2 } },
  ];
  report('manifests', figures);
} finally {
  await rm(folder, { recursive: true, force: true });
}
