import { toNodeHandler, type NodeIncomingMessageLike } from '@modelcontextprotocol/node';
import { createMcpHandler, type McpHttpHandler, type Server } from '@modelcontextprotocol/server';
import { listen } from './http-listener.ts';

export interface ServedModern extends AsyncDisposable {
  readonly url: string;
  /** RPC methods, in order. */
  readonly seen: readonly string[];
  readonly handler: McpHttpHandler;
  /** Cuts the streams of `subscriptions/listen`. */
  readonly cutStreams: () => void;
  readonly close: () => Promise<void>;
}

/** A server of revision 2026-07-28 over HTTP, on the second generation of the SDK. */
export async function serveModern(createServer: () => Server): Promise<ServedModern> {
  const handler = createMcpHandler(createServer, { legacy: 'reject' });
  const serve = toNodeHandler(handler);
  const seen: string[] = [];
  const streams = new Set<{ destroy(): unknown }>();
  const listener = await listen(async (request, response) => {
    const method = request.headers['mcp-method']?.toString() ?? String(request.method);
    seen.push(method);
    if (method === 'subscriptions/listen') streams.add(response);
    await serve(request as NodeIncomingMessageLike, response);
  });
  const close = async (): Promise<void> => {
    await handler.close();
    await listener.close();
  };
  return {
    url: `${listener.origin}/mcp`,
    seen,
    handler,
    cutStreams: () => {
      for (const stream of streams) stream.destroy();
      streams.clear();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
