import { randomUUID } from 'node:crypto';
import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { listen, readBody } from './http-listener.ts';

export interface ServedLegacy extends AsyncDisposable {
  readonly url: string;
  /** RPC methods of the messages that came by POST, and HTTP methods of the rest, in order. */
  readonly seen: readonly string[];
  /** Those of the open sessions, oldest first. */
  readonly servers: readonly Server[];
  /** Cuts the streams that wait for what is said unasked; sessions stay. */
  readonly cutStreams: () => void;
  readonly close: () => Promise<void>;
}

/** Servers of the 2025 revisions over HTTP, one for each session, on the first generation of the SDK. */
export async function serveLegacy(createServer: () => Server): Promise<ServedLegacy> {
  const open = new Map<string, { readonly transport: StreamableHTTPServerTransport; readonly server: Server }>();
  const seen: string[] = [];
  const streams = new Set<{ destroy(): unknown }>();
  const listener = await listen(async (request, response) => {
    const body: unknown = request.method === 'POST' ? JSON.parse(await readBody(request)) : undefined;
    const isCall = typeof body === 'object' && body !== null && 'method' in body;
    if (isCall || body === undefined) seen.push(isCall ? String(body.method) : String(request.method));
    const id = request.headers['mcp-session-id']?.toString();
    const known = id === undefined ? undefined : open.get(id);
    if (id !== undefined && known === undefined) {
      response.writeHead(404).end();
      return;
    }
    if (request.method === 'GET') streams.add(response);
    if (known !== undefined) return known.transport.handleRequest(request, response, body);
    const server = createServer();
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (session) => void open.set(session, { transport, server }),
      onsessionclosed: (session) => void open.delete(session),
    });
    await server.connect(transport as unknown as Transport);
    await transport.handleRequest(request, response, body);
  });
  const close = async (): Promise<void> => {
    await Promise.all([...open.values()].map(({ transport }) => transport.close()));
    await listener.close();
  };
  return {
    url: `${listener.origin}/mcp`,
    seen,
    get servers() {
      return [...open.values()].map(({ server }) => server);
    },
    cutStreams: () => {
      for (const stream of streams) stream.destroy();
      streams.clear();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
