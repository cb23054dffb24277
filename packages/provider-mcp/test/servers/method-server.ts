import type { ServerResponse } from 'node:http';
import type { JsonObject } from '@capstan/provider';
import { listen, readBody } from './http-listener.ts';

export interface MethodRequest {
  readonly method: string;
  readonly id: number;
  readonly params: JsonObject;
}

type Handler = (request: MethodRequest, response: ServerResponse) => void;

export interface MethodServer extends AsyncDisposable {
  readonly url: string;
  /** What came, in order: methods of JSON-RPC, `answer`, or the method of an HTTP request without a body. */
  readonly seen: readonly string[];
  /** Answers that are not finished, or whose connection is not closed. */
  readonly open: number;
  readonly close: () => Promise<void>;
}

/** A server that does with each method what its test says; a legacy one without sessions where that says nothing. */
export async function startMethodServer(handlers: Readonly<Record<string, Handler>>): Promise<MethodServer> {
  const seen: string[] = [];
  const open = new Set<ServerResponse>();
  const { origin, close } = await listen(async (request, response) => {
    const body = await readBody(request);
    const message = (body === '' ? {} : JSON.parse(body)) as MethodRequest & { readonly method?: string };
    const name = message.method ?? (request.method === 'POST' ? 'answer' : (request.method ?? ''));
    seen.push(name);
    open.add(response);
    response.on('close', () => open.delete(response));
    const handler = handlers[name];
    if (handler !== undefined) return handler(message, response);
    if (name === 'initialize') return hello(message, response);
    if (name === 'tools/call') return send(response, answerTo(message));
    response.writeHead(name === 'GET' ? 405 : 202).end();
  });
  return {
    url: `${origin}/mcp`,
    seen,
    get open() {
      return open.size;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Answers `initialize`; with a session where one is named. */
export function hello({ id }: MethodRequest, response: ServerResponse, sessionId?: string, revision?: string): void {
  const capabilities = { tools: {}, resources: { subscribe: true } };
  const result = { protocolVersion: revision ?? '2025-11-25', capabilities, serverInfo: { name: 'odd', version: '1' } };
  send(response, { jsonrpc: '2.0', id, result }, sessionId === undefined ? {} : { 'mcp-session-id': sessionId });
}

/** Answers `server/discover`. */
export function discovered({ id }: MethodRequest, response: ServerResponse): void {
  const capabilities = { tools: { listChanged: true }, resources: { subscribe: true } };
  const result = { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities };
  send(response, { jsonrpc: '2.0', id, result });
}

export function answerTo({ id }: MethodRequest, text = 'ok') {
  return { jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }] } };
}

export function send(response: ServerResponse, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

/** Begins a stream of events, each a message, or text as it is. It stays open. */
export function stream(response: ServerResponse, ...events: readonly unknown[]): ServerResponse {
  if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  for (const event of events) response.write(typeof event === 'string' ? event : `data: ${JSON.stringify(event)}\n\n`);
  return response;
}

/** Writes on and on, until nobody reads any more or 60 MB are written. Returns how much was. */
export function pour(response: ServerResponse, chunk: string): { readonly bytes: number } {
  const poured = { bytes: 0 };
  const more = (): void => {
    if (response.destroyed || poured.bytes > 60_000_000) return void response.end();
    poured.bytes += chunk.length;
    response.write(chunk, more);
  };
  more();
  return poured;
}
