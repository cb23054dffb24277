/**
 * A hand-written MCP server that does as little as it can, as a process of its own: revision 2025-11-25 with session ids, answers as JSON
 * at `/json` and as one event at `/sse`. It says its port to its parent, and how many connections are open when asked.
 */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

interface RpcMessage {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: { readonly protocolVersion?: string; readonly arguments?: { readonly text?: string } };
}

const capabilities = { tools: {} };
const serverInfo = { name: 'fast', version: '1.0.0' };
const tools = [
  {
    name: 'echo',
    description: 'Answers with the text that it was given.',
    inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
  },
];

/** The result, or `undefined` for a method that is not known. */
function resultOf({ method, params }: RpcMessage): object | undefined {
  switch (method) {
    case 'tools/call':
      return { content: [{ type: 'text', text: params?.arguments?.text ?? '' }] };
    case 'tools/list':
      return { tools };
    case 'initialize':
      return { protocolVersion: params?.protocolVersion, capabilities, serverInfo };
    case 'ping':
      return {};
    default:
      return undefined;
  }
}

function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
  const message = JSON.parse(body) as RpcMessage;
  if (message.id === undefined) {
    response.writeHead(202).end();
    return;
  }
  // A probe comes before the handshake, and is answered like any method that is not known.
  const isHandshake = message.method === 'initialize' || message.method === 'server/discover';
  if (!isHandshake && request.headers['mcp-session-id'] === undefined) {
    response.writeHead(400).end();
    return;
  }
  const result = resultOf(message);
  const reply = JSON.stringify({
    jsonrpc: '2.0',
    id: message.id,
    ...(result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result }),
  });
  const headers: OutgoingHttpHeaders = message.method === 'initialize' ? { 'mcp-session-id': randomUUID() } : {};
  if (request.url === '/sse') {
    headers['content-type'] = 'text/event-stream';
    response.writeHead(200, headers).end(`event: message\ndata: ${reply}\n\n`);
  } else {
    headers['content-type'] = 'application/json';
    headers['content-length'] = Buffer.byteLength(reply);
    response.writeHead(200, headers).end(reply);
  }
}

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => (body += chunk));
  request.on('end', () => {
    if (request.method === 'POST') answer(request, response, body);
    else response.writeHead(request.method === 'DELETE' ? 200 : 405).end();
  });
});

server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => server.getConnections((_, connections) => process.send?.({ connections })));
process.once('disconnect', () => process.exit());
