import {
  InMemoryTaskMessageQueue,
  InMemoryTaskStore,
} from '@modelcontextprotocol/sdk/experimental/tasks/stores/in-memory.js';
import { Server as LegacyServer } from '@modelcontextprotocol/sdk/server/index.js';
import { CallToolRequestSchema, ElicitResultSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { listen, readBody } from './http-listener.ts';

const form = { type: 'object' as const, properties: { name: { type: 'string' as const } } };
const question = { mode: 'form' as const, message: 'Your name?', requestedSchema: form };

/** What the tools wait for before they end. */
export type Oven = PromiseWithResolvers<string>;

/** Tools of a server of 2025-11-25 that run as its experimental tasks: `bake` waits for the oven, `burn` fails, `ask` asks; `plain` is none. */
export function createLegacyTaskServer(oven: Oven): LegacyServer {
  const server = new LegacyServer(
    { name: 'task-server', version: '1.0.0' },
    {
      capabilities: { tools: { listChanged: true }, tasks: { cancel: {}, requests: { tools: { call: {} } } } },
      taskStore: new InMemoryTaskStore(),
      taskMessageQueue: new InMemoryTaskMessageQueue(),
    },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: ['bake', 'burn', 'ask', 'plain'].map((name) => ({
      name,
      inputSchema: { type: 'object' as const },
      ...(name !== 'plain' && { execution: { taskSupport: 'required' as const } }),
    })),
  }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, task: wanted } }, { taskStore }) => {
    if (name === 'plain' || wanted === undefined || taskStore === undefined)
      return text(wanted === undefined ? 'at once' : 'not wanted');
    const task = await taskStore.createTask({ ttl: 60_000, pollInterval: 20 });
    const { taskId } = task;
    const run = async (): Promise<void> => {
      if (name === 'burn') return taskStore.storeTaskResult(taskId, 'failed', { ...text('burnt'), isError: true });
      if (name === 'ask') {
        const asked = { method: 'elicitation/create' as const, params: question };
        await taskStore.updateTaskStatus(taskId, 'input_required');
        const answer = await server.request(asked, ElicitResultSchema, { relatedTask: { taskId } });
        return taskStore.storeTaskResult(taskId, 'completed', text(JSON.stringify(answer)));
      }
      return taskStore.storeTaskResult(taskId, 'completed', text(await oven.promise));
    };
    run().catch(() => undefined);
    return { task };
  });
  return server;
}

export interface ModernTaskServer extends AsyncDisposable {
  readonly url: string;
  /** RPC methods and the header `Mcp-Name`, in order. */
  readonly seen: readonly (readonly [method: string, name: string | undefined])[];
}

interface Message {
  readonly id?: number;
  readonly method: string;
  readonly params: {
    readonly name?: string;
    readonly taskId?: string;
    readonly inputResponses?: Record<string, unknown>;
    readonly _meta: Record<string, { readonly extensions?: Record<string, unknown> }>;
  };
}

const extension = 'io.modelcontextprotocol/tasks';

/** The same tools on a server of the extension of 2026-07-28 (SEP-2663), which no SDK serves yet. */
export async function startModernTaskServer(oven: Oven): Promise<ModernTaskServer> {
  const seen: [string, string | undefined][] = [];
  const tasks = new Map<string, Record<string, unknown>>();
  const times = { createdAt: '2026-01-01T00:00:00Z', lastUpdatedAt: '2026-01-01T00:00:00Z', ttlMs: 60_000 };

  function change(taskId: string, more: Record<string, unknown>): void {
    if (tasks.get(taskId)?.['status'] !== 'cancelled')
      tasks.set(taskId, { taskId, ...times, pollIntervalMs: 20, ...more });
  }

  function begin(name: string | undefined): Record<string, unknown> {
    const taskId = `task ${tasks.size + 1} – ${name}`;
    change(taskId, { status: 'working', statusMessage: 'in the oven' });
    if (name === 'ask')
      change(taskId, {
        status: 'input_required',
        inputRequests: { who: { method: 'elicitation/create', params: question } },
      });
    if (name === 'burn') change(taskId, { status: 'completed', result: { ...text('burnt'), isError: true } });
    if (name === 'break') change(taskId, { status: 'failed', error: { code: -32603, message: 'broken' } });
    if (name === 'bake')
      oven.promise.then((bread) => change(taskId, { status: 'completed', result: text(bread) })).catch(() => undefined);
    return { resultType: 'task', ...tasks.get(taskId) };
  }

  function answer({ method, params }: Message): Record<string, unknown> {
    const declared = params._meta['io.modelcontextprotocol/clientCapabilities']?.extensions?.[extension] !== undefined;
    if (method === 'server/discover')
      return complete({
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {}, extensions: { [extension]: {} } },
      });
    if (method === 'tools/call')
      return declared && params.name !== 'plain' ? begin(params.name) : complete(text('at once'));
    const { taskId = '', inputResponses } = params;
    const task = tasks.get(taskId);
    if (!declared || task === undefined) throw new Error('no such task');
    if (method === 'tasks/get') return complete(task);
    if (method === 'tasks/cancel' && task['status'] !== 'completed') change(taskId, { status: 'cancelled' });
    if (method === 'tasks/update')
      change(taskId, { status: 'completed', result: text(JSON.stringify(inputResponses?.['who'])) });
    return complete({});
  }

  const listener = await listen(async (request, response) => {
    const message = JSON.parse(await readBody(request)) as Message;
    seen.push([message.method, request.headers['mcp-name']?.toString()]);
    const reply = (() => {
      try {
        return { result: answer(message) };
      } catch (error) {
        return { error: { code: -32602, message: String(error) } };
      }
    })();
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ jsonrpc: '2.0', id: message.id, ...reply }));
  });
  return { url: `${listener.origin}/mcp`, seen, [Symbol.asyncDispose]: () => listener.close() };
}

function complete(value: Record<string, unknown>): Record<string, unknown> {
  return { resultType: 'complete', ...value };
}

function text(value: string) {
  return { content: [{ type: 'text' as const, text: value }] };
}
