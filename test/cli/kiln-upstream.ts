import type { Completion, InputRequest, JsonObject, TaskStatus } from '@capstan/provider';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Finished, type RunOptions, type Running } from './capstan.ts';
import { type ToyWorkspace, toyWorkspace } from './toy-workspace.ts';

export const kilnProviderPath = fileURLToPath(new URL('./kiln-provider.mjs', import.meta.url));

type MoreOptions = Omit<RunOptions, 'folder'>;

/** A folder with manifests for an upstream that asks, suggests and goes on with tasks, and the command in it. */
export interface Kiln extends AsyncDisposable {
  readonly folder: string;
  /** Paths that arrived, and what with, in order. */
  readonly requests: { readonly path: string; readonly body: JsonObject }[];
  /** What looks at a task see, one after the other; the last one stays. */
  readonly firing: TaskStatus[];
  /** Openings of sessions are answered when this resolves. */
  opening: Promise<void>;
  /** Resolves when a request for `path` arrives. */
  arrived(path: string): Promise<void>;
  run(args: readonly string[], options?: MoreOptions): Promise<Finished>;
  start(args: readonly string[], options?: MoreOptions): Running;
}

interface Completing {
  readonly argument: { readonly name: string };
}

const suggestions = ({ argument: { name } }: Completing): Completion =>
  name === 'glaze' ? { values: ['celadon', 'celeste'], total: 5 } : { values: [] };

const form: InputRequest = {
  kind: 'elicitation',
  params: {
    message: 'Which glaze?',
    requestedSchema: {
      type: 'object',
      properties: { glaze: { type: 'string', enum: ['celadon', 'tenmoku'] }, coats: { type: 'integer', default: 2 } },
      required: ['glaze'],
    },
  },
};

/** What each operation asks, one after the other, before it answers with all answers. */
const questions: Readonly<Record<string, readonly InputRequest[]>> = {
  glaze: [form],
  both: [form, form],
  visit: [
    { kind: 'elicitation', params: { mode: 'url', message: 'Sign here.', url: 'https://kiln.example/sign?a=1' } },
  ],
  trick: [{ kind: 'elicitation', params: { mode: 'url', message: 'Look.', url: 'file:///etc/passwd' } }],
  model: [{ kind: 'sampling', params: { messages: [] } }],
  roots: [{ kind: 'roots', params: {} }],
};

const operations = [...Object.keys(questions), 'slow', 'stuck'];

export async function kiln(): Promise<Kiln> {
  const requests: Kiln['requests'] = [];
  const firing: TaskStatus[] = [];
  const waiting = new Map<string, () => void>();
  const own = { opening: Promise.resolve() };
  const answerTo = async (path: string, body: JsonObject): Promise<unknown> => {
    if (path === '/sessions') {
      await own.opening;
      return {};
    }
    if (path === '/complete') return suggestions(body as unknown as Completing);
    if (path === '/slow') return { task: { id: 'pot-1', state: { shelf: 3 } } };
    // The answer never comes.
    if (path === '/stuck') return await new Promise(() => {});
    if (path.endsWith('/stop')) return { state: 'cancelled' } satisfies TaskStatus;
    if (path.startsWith('/tasks/')) return firing.length > 1 ? firing.shift() : firing[0];
    const { answers } = body as { readonly answers: readonly JsonObject[] };
    const ask = questions[path.slice(1)]?.[answers.length];
    return ask === undefined ? { output: answers } : { progress: answers.length, ask };
  };
  const server = createServer((request, response) => {
    void (async () => {
      const path = request.url ?? '';
      const body = JSON.parse(await text(request)) as JsonObject;
      requests.push({ path, body });
      waiting.get(path)?.();
      response.end(JSON.stringify(await answerTo(path, body)));
    })();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const manifest = {
    metadata: { kiln_url: `http://127.0.0.1:${port}`, kiln_requires_session: true },
    capabilities: operations.map((kiln_operation) => ({
      id: `kiln.${kiln_operation}`,
      effect: 'read',
      input: { type: 'object', properties: { glaze: {}, coats: {} } },
      metadata: { kiln_operation },
    })),
  };
  const toys: ToyWorkspace = await toyWorkspace({ 'capabilities/kiln.yaml': JSON.stringify(manifest) });
  const withKiln = (args: readonly string[]): readonly string[] => ['--provider', kilnProviderPath, ...args];
  return Object.assign(own, {
    folder: toys.folder,
    requests,
    firing,
    arrived: (path: string) =>
      new Promise<void>((resolve) => {
        if (requests.some((request) => request.path === path)) resolve();
        waiting.set(path, resolve);
      }),
    run: (args: readonly string[], options?: MoreOptions) => toys.run(withKiln(args), options),
    start: (args: readonly string[], options?: MoreOptions) => toys.start(withKiln(args), options),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await toys[Symbol.asyncDispose]();
    },
  });
}
