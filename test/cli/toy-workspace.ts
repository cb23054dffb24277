import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { capstan, type Finished, type RunOptions, type Running, startCapstan } from './capstan.ts';
import { type ToyUpstream, toyUpstream } from './toy-upstream.ts';

export const toyProviderPath = fileURLToPath(new URL('./toy-provider.mjs', import.meta.url));

type MoreOptions = Omit<RunOptions, 'folder'>;

/** A folder with manifests for a toy upstream that runs, and the command in it. */
export interface ToyWorkspace extends AsyncDisposable {
  readonly folder: string;
  readonly upstream: ToyUpstream;
  /** Runs the command with the toy's provider plugin. */
  run(args: readonly string[], options?: MoreOptions): Promise<Finished>;
  start(args: readonly string[], options?: MoreOptions): Running;
  /** Runs the command as it is. */
  runBare(args: readonly string[], options?: MoreOptions): Promise<Finished>;
}

/** One manifest with every operation of the toy; `toy.echo` has an input schema. */
function toyManifest(url: string): string {
  return `metadata:
  toy_server_url: ${url}
  toy_requires_session: true
capabilities:
  - id: toy.echo
    name: Echo
    description: Says it again
    tags: [voice]
    effect: read
    input:
      type: object
      properties:
        city: { type: string, description: Where }
        days: { type: integer }
        metric: { type: boolean }
        places: { type: array, items: { type: string } }
        options: { type: object }
      required: [city]
      additionalProperties: false
    metadata: { toy_operation: echo }
  - id: toy.free
    description: Takes anything, without a session
    effect: read
    metadata: { toy_operation: echo, toy_requires_session: false }
${['text', 'fail', 'slow', 'vanish', 'broken', 'parrot', 'parrotError']
  .map(
    (operation) => `  - id: toy.${operation}
    effect: ${operation === 'vanish' ? 'once' : 'read'}
    metadata: { toy_operation: ${operation}, toy_auth_env_var: TOY_TOKEN }
`,
  )
  .join('')}`;
}

/** `files`: paths and texts beside `capabilities/toy.yaml`, the toy's own manifest; undefined leaves a file out. */
export async function toyWorkspace(files: Readonly<Record<string, string | undefined>> = {}): Promise<ToyWorkspace> {
  const upstream = await toyUpstream();
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'capstan-cli-')));
  for (const [path, text] of Object.entries({ 'capabilities/toy.yaml': toyManifest(upstream.url), ...files })) {
    if (text === undefined) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  const environment = { TOY_TOKEN: 'a-token-for-toys' };
  const options = (more: MoreOptions): RunOptions => ({
    ...more,
    folder,
    environment: { ...environment, ...more.environment },
  });
  return {
    folder,
    upstream,
    run: (args, more = {}) => capstan(['--provider', toyProviderPath, ...args], options(more)),
    start: (args, more = {}) => startCapstan(['--provider', toyProviderPath, ...args], options(more)),
    runBare: (args, more = {}) => capstan(args, options(more)),
    [Symbol.asyncDispose]: async () => {
      await upstream[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
