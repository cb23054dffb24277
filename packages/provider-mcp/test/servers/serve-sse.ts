import type { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { listen, readBody } from './http-listener.ts';

export interface ServedSse extends AsyncDisposable {
  readonly url: string;
  /** Streams that are open. */
  readonly streams: number;
  readonly close: () => Promise<void>;
}

/** Servers of the deprecated HTTP+SSE transport, one for each stream. */
export async function serveSse(createServer: () => Server): Promise<ServedSse> {
  const open = new Map<string, SSEServerTransport>();
  const listener = await listen(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'GET') {
      const transport = new SSEServerTransport('/messages', response);
      open.set(transport.sessionId, transport);
      response.on('close', () => open.delete(transport.sessionId));
      await createServer().connect(transport);
      return;
    }
    const transport = open.get(url.searchParams.get('sessionId') ?? '');
    if (transport === undefined) response.writeHead(404).end();
    else await transport.handlePostMessage(request, response, JSON.parse(await readBody(request)));
  });
  return {
    url: `${listener.origin}/sse`,
    get streams() {
      return open.size;
    },
    close: listener.close,
    [Symbol.asyncDispose]: listener.close,
  };
}
