import { CapstanError } from '@capstan/provider';
import { createServer, type Server, type Socket } from 'node:net';
import { answerRequest, type ControllableRuntime } from './control-answers.ts';
import type { ControlPlace } from './control-place.ts';
import { isListening } from './is-listening.ts';
import { removeStaleSockets } from './remove-stale-sockets.ts';
import { sendAway, serveConnection } from './serve-connection.ts';
import { systemPlace } from './system-place.ts';

const mostConnections = 16;
/** Beyond `mostConnections` clients are told so; beyond this they are cut off. */
const mostSockets = 2 * mostConnections;
const mostRuntimes = 99;

export interface ServeControlOptions {
  /** For the socket; made with mode 0700 where it is missing. Default `$XDG_RUNTIME_DIR/capstan`, else `<tmpdir>/capstan-<uid>`. */
  readonly directory?: string;
  /** How long a connection may wait without a request. Default 30 000. */
  readonly idleTimeoutMs?: number;
}

/** An open control socket. Disposing of it ends its connections and removes it. */
export interface ControlServer extends AsyncDisposable {
  /** The process id; with `-2` for the second runtime that this process serves, and so on. */
  readonly name: string;
  /** Path of the socket; on Windows of the named pipe. */
  readonly address: string;
}

/**
 * Lets programs of the same user look at a runtime while it runs: sessions, metrics, ending a session. Nobody else gets at the socket. It
 * does not keep the process alive and is removed at exit; dispose of it before or after closing the runtime. Rejects with `FORBIDDEN` where
 * the folder is not safe, `INPUT_INVALID` where its path is too long, `OVERLOADED` where this process serves 99 runtimes.
 */
export async function serveControl(
  runtime: ControllableRuntime,
  { directory, idleTimeoutMs = 30_000 }: ServeControlOptions = {},
): Promise<ControlServer> {
  const place = systemPlace(directory);
  await place.prepare();
  await removeStaleSockets(place);
  const sockets = new Set<Socket>();
  const connections = new Set<Promise<void>>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.unref());
    socket.once('close', () => sockets.delete(socket));
    // Whoever reads or writes sees the same error; without a listener it would end the process.
    socket.on('error', () => {});
    if (sockets.size > mostConnections) return sendAway(socket, tooMany());
    const answer = answerRequest.bind(undefined, runtime);
    const connection = serveConnection(socket, { answer, idleTimeoutMs });
    connections.add(connection);
    void connection.finally(() => connections.delete(connection));
  });
  server.maxConnections = mostSockets;
  const name = await listen(server, place);
  const removeAtExit = (): void => place.remove(name);
  process.once('exit', removeAtExit);
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const stopped = new Promise((resolve) => {
      server.close(resolve);
    });
    for (const socket of sockets) socket.destroy();
    await stopped;
    process.off('exit', removeAtExit);
    await Promise.all(connections);
  };
  const control = { name, address: place.addressOf(name), [Symbol.asyncDispose]: () => (closed ??= close()) };
  try {
    await place.restrict(name);
  } catch (error) {
    await close();
    throw error;
  }
  return control;
}

/** Takes the first name that is free, and resolves with it. */
async function listen(server: Server, place: ControlPlace): Promise<string> {
  for (let runtime = 1; runtime <= mostRuntimes; runtime++) {
    const name = runtime === 1 ? String(process.pid) : `${process.pid}-${runtime}`;
    const address = place.addressOf(name);
    const failure = await tryListen(server, address);
    if (failure?.code === 'EADDRINUSE' && (await isListening(address))) continue;
    if (failure !== undefined) {
      const message = `The control socket ${address} cannot be opened (${failure.code}).`;
      throw new CapstanError('FORBIDDEN', message, { details: { controlSocket: address }, cause: failure });
    }
    // Connections that cannot be accepted (no file descriptors left, say) are no reason to end the process.
    server.unref().on('error', () => {});
    return name;
  }
  throw new CapstanError('OVERLOADED', `This process serves ${mostRuntimes} runtimes already.`, {
    retryable: false,
    details: { controlSocket: place.path },
  });
}

async function tryListen(server: Server, address: string): Promise<NodeJS.ErrnoException | undefined> {
  return await new Promise((resolve) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      server.off('listening', onListening);
      resolve(error);
    };
    const onListening = (): void => {
      server.off('error', onError);
      resolve(undefined);
    };
    server.once('error', onError).once('listening', onListening);
    // In a cluster, workers would otherwise share the socket of the first.
    server.listen({ path: address, exclusive: true });
  });
}

function tooMany(): CapstanError {
  return new CapstanError('OVERLOADED', `This process answers ${mostConnections} connections at once.`, {
    retryAfterMs: 1_000,
  });
}
