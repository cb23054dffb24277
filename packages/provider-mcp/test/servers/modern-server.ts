import { toNodeHandler, type NodeIncomingMessageLike } from '@modelcontextprotocol/node';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { listen } from './http-listener.ts';
import { getPrompt, prompts, readResource, resources, runTool, tools } from './offers.ts';

export interface ModernServerOptions {
  /** Demanded as `Bearer <token>` of every request. Default: none. */
  readonly token?: string;
  /** Also serves the 2025 revisions, without sessions. Default false. */
  readonly dual?: boolean;
  /** Called for each request instead of serving it, as long as it returns a status. */
  readonly interfere?: (rpcMethod: string | undefined) => number | undefined;
}

interface ModernCounts {
  /** All requests that reached the server, of any method. */
  requests: number;
  discover: number;
  calls: number;
  delete: number;
  unauthorized: number;
  cancelled: number;
}

export interface ModernServer extends AsyncDisposable {
  readonly url: string;
  readonly counts: Readonly<ModernCounts>;
  readonly credentials: readonly (string | undefined)[];
  /** What callers said about each tool call, prompt and resource, in order. */
  readonly metas: readonly unknown[];
  /** The modern revision keeps no sessions: nothing happens. */
  dropSessions(): Promise<void>;
  close(): Promise<void>;
}

/** A server of revision 2026-07-28, on the second generation of the SDK, that counts what reaches it. */
export async function startModernServer(options: ModernServerOptions = {}): Promise<ModernServer> {
  const { token, dual = false, interfere } = options;
  const counts: ModernCounts = { requests: 0, discover: 0, calls: 0, delete: 0, unauthorized: 0, cancelled: 0 };
  const credentials: (string | undefined)[] = [];
  const metas: unknown[] = [];
  const handler = createMcpHandler(() => createServer(counts, metas), { legacy: dual ? 'stateless' : 'reject' });
  const serve = toNodeHandler(handler);
  const listener = await listen(async (request, response) => {
    counts.requests += 1;
    credentials.push(request.headers.authorization);
    if (token !== undefined && request.headers.authorization !== `Bearer ${token}`) {
      counts.unauthorized += 1;
      response.writeHead(401).end();
      return;
    }
    if (request.method === 'DELETE') counts.delete += 1;
    const rpcMethod = request.headers['mcp-method']?.toString();
    if (rpcMethod === 'server/discover') counts.discover += 1;
    const status = interfere?.(rpcMethod);
    if (status !== undefined) {
      response.writeHead(status).end();
      return;
    }
    await serve(request as NodeIncomingMessageLike, response);
  });
  const close = async (): Promise<void> => {
    await handler.close();
    await listener.close();
  };
  return {
    url: `${listener.origin}/mcp`,
    counts,
    credentials,
    metas,
    dropSessions: async () => undefined,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function createServer(counts: ModernCounts, metas: unknown[]): Server {
  const server = new Server(
    { name: 'modern-test-server', version: '1.0.0' },
    { capabilities: { tools: {}, prompts: {}, resources: {}, logging: {} } },
  );
  server.setRequestHandler('tools/list', () => ({ tools: [...tools] }));
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    counts.calls += 1;
    metas.push(mcpReq._meta);
    mcpReq.signal.addEventListener('abort', () => (counts.cancelled += 1), { once: true });
    const answer = await runTool({
      name: params.name,
      args: params.arguments ?? {},
      signal: mcpReq.signal,
      progress: async (progress, total) => {
        const progressToken = mcpReq._meta?.progressToken;
        if (progressToken === undefined) return;
        await mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total, message: `step ${progress}` },
        });
      },
      log: async () => undefined,
    });
    return { ...answer };
  });
  server.setRequestHandler('prompts/list', () => ({ prompts }));
  server.setRequestHandler('prompts/get', ({ params }, { mcpReq }) => {
    metas.push(mcpReq._meta);
    return getPrompt(params.arguments);
  });
  server.setRequestHandler('resources/list', () => ({ resources }));
  server.setRequestHandler('resources/read', ({ params }, { mcpReq }) => {
    metas.push(mcpReq._meta);
    return readResource(params.uri);
  });
  return server;
}
