import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { createEgress, type Egress, type EgressOptions } from '@capstan/http-egress';

export interface Upstream {
  readonly url: URL;
  readonly port: number;
  /** Connections ever made. */
  readonly connections: () => number;
  readonly openConnections: () => number;
  /** Settles when no connection is open. */
  readonly drained: () => Promise<void>;
}

/** Listens on an ephemeral port until the test is over, and counts connections. */
export const listen = async (server: Server, scheme = 'http', host = '127.0.0.1'): Promise<Upstream> => {
  const sockets = new Set<Socket>();
  let connections = 0;
  let whenDrained: (() => void) | undefined;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      if (sockets.size === 0) whenDrained?.();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: new URL(`${scheme}://${host}:${port}/`),
    port,
    connections: () => connections,
    openConnections: () => sockets.size,
    drained: () =>
      new Promise((resolve) => {
        whenDrained = resolve;
        if (sockets.size === 0) resolve();
      }),
  };
};

export const serve = (handler: RequestListener): Promise<Upstream> => listen(createServer(handler));

/** Closed when the test is over. */
export const egressFor = (options?: EgressOptions): Egress => {
  const egress = createEgress(options);
  onTestFinished(() => egress.close());
  return egress;
};

export const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

/** What a promise rejects with. */
export const rejection = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error('It was expected to reject.');
    },
    (error: unknown) => error,
  );
