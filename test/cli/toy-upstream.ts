import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A server with sessions and operations that go well, badly, slowly or not at all. Counts what came. */
export interface ToyUpstream extends AsyncDisposable {
  readonly url: string;
  readonly opened: string[];
  readonly ended: string[];
  /** Names of the operations that arrived, in order. */
  readonly calls: string[];
  /** Resolves when an operation of that name arrives. */
  arrived(operation: string): Promise<void>;
  /** From now on sessions do not end. Resolves when one is asked to. */
  holdEndings(): Promise<void>;
}

type Operation = (input: unknown, request: IncomingMessage, response: ServerResponse) => void;

const line = (response: ServerResponse, document: unknown): void => {
  response.write(`${JSON.stringify(document)}\n`);
};

const refuse = (status: number): Operation => {
  return (_input, _request, response) => response.writeHead(status).end();
};

const operations: Readonly<Record<string, Operation>> = {
  echo: (input, _request, response) => {
    line(response, { progress: 1, total: 2, message: 'half' });
    response.end(JSON.stringify({ output: input, isError: false }));
  },
  text: (_input, _request, response) => response.end(JSON.stringify({ output: 'Two lines\nof text', isError: false })),
  fail: (_input, _request, response) => response.end(JSON.stringify({ output: 'No such city', isError: true })),
  // The answer never comes.
  slow: (_input, _request, response) => line(response, { progress: 1, message: 'thinking' }),
  // The connection breaks instead of an answer.
  vanish: (_input, request) => request.socket.destroy(),
  broken: refuse(500),
  // Says back what it was told in confidence, everywhere it can.
  parrot: (_input, request, response) => {
    const said = String(request.headers.authorization);
    line(response, { progress: 1, message: said });
    line(response, { log: said });
    response.end(JSON.stringify({ output: { said }, isError: false }));
  },
  parrotError: (_input, request, response) => {
    response.writeHead(500).end(String(request.headers.authorization));
  },
};

export async function toyUpstream(): Promise<ToyUpstream> {
  const opened: string[] = [];
  const ended: string[] = [];
  const calls: string[] = [];
  let onEnding: (() => void) | undefined;
  const waiting = new Map<string, () => void>();
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [, place, name = ''] = request.url?.split('/') ?? [];
    const body = await text(request);
    if (place === 'sessions' && request.method === 'POST') {
      const id = `session-${opened.length + 1}`;
      opened.push(id);
      response.writeHead(201).end(JSON.stringify({ id }));
      return;
    }
    if (place === 'sessions') {
      onEnding?.();
      if (onEnding !== undefined) return;
      ended.push(name);
      response.writeHead(204).end();
      return;
    }
    calls.push(name);
    waiting.get(name)?.();
    const operation = operations[name] ?? refuse(404);
    operation(JSON.parse(body), request, response);
  };
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    opened,
    ended,
    calls,
    arrived: (operation) => {
      if (calls.includes(operation)) return Promise.resolve();
      return new Promise((resolve) => {
        waiting.set(operation, resolve);
      });
    },
    holdEndings: () =>
      new Promise((resolve) => {
        onEnding = resolve;
      }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
