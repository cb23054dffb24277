import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import {
  CallToolRequestSchema,
  GetPromptRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { listen, readBody } from './http-listener.ts';
import { getPrompt, readResource, runTool, tools } from './offers.ts';

export interface LegacyServerOptions {
  /** Demanded as `Bearer <token>` of every request. Default: none. */
  readonly token?: string;
  /** The header that carries the token, lower-case. Default `authorization`. */
  readonly tokenHeader?: string;
  /** Issue a session id at `initialize`, and refuse calls without one. Default true. */
  readonly sessions?: boolean;
  /** What DELETE is answered with; 200 ends the session. Default 200. */
  readonly deleteStatus?: number;
  /** `sse` streams answers, `json` sends them whole. Default `sse`. */
  readonly answers?: 'sse' | 'json';
}

interface LegacyCounts {
  /** All requests that reached the server, of any method. */
  requests: number;
  initialize: number;
  initialized: number;
  /** `tools/call` that reached the server with a session it knows, or needs none. */
  calls: number;
  get: number;
  delete: number;
  unauthorized: number;
  cancelled: number;
}

export interface LegacyServer extends AsyncDisposable {
  readonly url: string;
  readonly counts: Readonly<LegacyCounts>;
  /** The credential header of each request, in order. */
  readonly credentials: readonly (string | undefined)[];
  readonly sessionIds: readonly string[];
  /** What callers said about each tool call, prompt and resource, in order. */
  readonly metas: readonly unknown[];
  /** From now on another token is demanded. */
  expectToken(token: string): void;
  /** Forgets all sessions, as a restart would: the next call on one gets 404. */
  dropSessions(): Promise<void>;
  close(): Promise<void>;
}

/** A server of the 2025 revisions, on the first generation of the SDK, that counts what reaches it. */
export async function startLegacyServer(options: LegacyServerOptions = {}): Promise<LegacyServer> {
  const { tokenHeader = 'authorization', sessions = true, deleteStatus = 200, answers = 'sse' } = options;
  let token = options.token;
  const counts: LegacyCounts = {
    requests: 0,
    initialize: 0,
    initialized: 0,
    calls: 0,
    get: 0,
    delete: 0,
    unauthorized: 0,
    cancelled: 0,
  };
  const credentials: (string | undefined)[] = [];
  const metas: unknown[] = [];
  const open = new Map<string, StreamableHTTPServerTransport>();

  async function openTransport(): Promise<StreamableHTTPServerTransport> {
    const transport = new StreamableHTTPServerTransport({
      ...(sessions ? { sessionIdGenerator: randomUUID } : {}),
      enableJsonResponse: answers === 'json',
      onsessioninitialized: (id) => void open.set(id, transport),
      onsessionclosed: (id) => void open.delete(id),
    });
    await createServer(counts, metas).connect(transport as unknown as Transport);
    return transport;
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    counts.requests += 1;
    const credential = request.headers[tokenHeader]?.toString();
    credentials.push(credential);
    if (token !== undefined && credential !== `Bearer ${token}`) {
      counts.unauthorized += 1;
      return refuse(response, 401, `refused: ${credential ?? 'nothing'}`);
    }
    if (request.method === 'GET') counts.get += 1;
    if (request.method === 'DELETE') {
      counts.delete += 1;
      if (deleteStatus !== 200) return refuse(response, deleteStatus, 'not ended');
    }
    const body: unknown = request.method === 'POST' ? JSON.parse(await readBody(request)) : undefined;
    const method = typeof body === 'object' && body !== null && 'method' in body ? body.method : undefined;
    if (method === 'initialize') counts.initialize += 1;
    if (method === 'notifications/initialized') counts.initialized += 1;
    const sessionId = request.headers['mcp-session-id']?.toString();
    if (sessionId !== undefined && !open.has(sessionId)) return refuse(response, 404, 'Session not found', -32001);
    if (sessions && sessionId === undefined && method !== 'initialize')
      return refuse(response, 400, 'Bad Request: Mcp-Session-Id header is required', -32000);
    if (method === 'tools/call') counts.calls += 1;
    const known = sessionId === undefined ? undefined : open.get(sessionId);
    await (known ?? (await openTransport())).handleRequest(request, response, body);
  }

  const listener = await listen(handle);
  const dropSessions = async (): Promise<void> => {
    const dropped = [...open.values()];
    open.clear();
    await Promise.all(dropped.map((transport) => transport.close()));
  };
  const close = async (): Promise<void> => {
    await dropSessions();
    await listener.close();
  };
  return {
    url: `${listener.origin}/mcp`,
    counts,
    credentials,
    metas,
    get sessionIds() {
      return [...open.keys()];
    },
    expectToken: (next) => void (token = next),
    dropSessions,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createServer(counts: LegacyCounts, metas: unknown[]): Server {
  const server = new Server(
    { name: 'legacy-test-server', version: '1.0.0' },
    { capabilities: { tools: {}, prompts: {}, resources: {}, logging: {} } },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [...tools] }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    metas.push(params._meta);
    extra.signal.addEventListener('abort', () => (counts.cancelled += 1), { once: true });
    const answer = await runTool({
      name: params.name,
      args: params.arguments ?? {},
      signal: extra.signal,
      progress: async (progress, total) => {
        const progressToken = extra._meta?.progressToken;
        if (progressToken === undefined) return;
        await extra.sendNotification({
          method: 'notifications/progress',
          params: { progressToken, progress, total, message: `step ${progress}` },
        });
      },
      log: (data) =>
        extra.sendNotification({ method: 'notifications/message', params: { level: 'notice', logger: 'tools', data } }),
    });
    return { ...answer };
  });
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => {
    metas.push(params._meta);
    return getPrompt(params.arguments);
  });
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => {
    metas.push(params._meta);
    return readResource(params.uri);
  });
  return server;
}

function refuse(response: ServerResponse, status: number, message: string, code = -32000): void {
  response
    .writeHead(status, { 'content-type': 'application/json' })
    .end(JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null }));
}
