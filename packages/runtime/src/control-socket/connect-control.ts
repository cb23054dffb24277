import { CapstanError, type JsonObject } from '@capstan/provider';
import { createConnection, type Socket } from 'node:net';
import type { LedgerEntry } from '../session-pool/session-ledger.ts';
import {
  type ControlAnswers,
  type ControlInfo,
  type ControlRequest,
  mostResponseBytes,
  parseResponse,
} from './control-protocol.ts';
import { readLines } from './read-lines.ts';

export interface ConnectControlOptions {
  /** How long each answer may take. Default 10 000. */
  readonly timeoutMs?: number;
}

/**
 * A connection to a runtime's control socket. What is asked rejects with `TIMEOUT` or `CLOSED` where no answer came, after which the
 * connection is of no more use, else with the error that was answered.
 */
export interface ControlConnection extends AsyncDisposable {
  info(): Promise<ControlInfo>;
  sessions(): Promise<readonly LedgerEntry[]>;
  /** Prometheus text. */
  metrics(): Promise<string>;
  /** Ends a session; resolves with it as it is then, or with undefined where there is none of this id. */
  terminate(session: string): Promise<LedgerEntry | undefined>;
}

/** Connects to what `listControlled` found, or to the `address` of a `ControlServer`. Rejects with `CLOSED` where nobody listens. */
export async function connectControl(
  address: string,
  { timeoutMs = 10_000 }: ConnectControlOptions = {},
): Promise<ControlConnection> {
  const details = { controlSocket: address };
  const socket = createConnection(address);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', (cause) => reject(gone(details, cause)));
  });
  // Whoever waits for an answer sees it; without a listener it would end the process.
  socket.on('error', () => {});
  const ask = asker(socket, details, timeoutMs);
  return {
    info: async () => (await ask({ ask: 'info' })) as ControlAnswers['info'],
    sessions: async () => (await ask({ ask: 'sessions' })) as ControlAnswers['sessions'],
    metrics: async () => (await ask({ ask: 'metrics' })) as ControlAnswers['metrics'],
    terminate: async (session) =>
      ((await ask({ ask: 'terminate', session })) as ControlAnswers['terminate']) ?? undefined,
    [Symbol.asyncDispose]: async () => {
      if (socket.closed) return;
      await new Promise((resolve) => {
        socket.once('close', resolve).destroy();
      });
    },
  };
}

/** Asks one thing after the other. */
function asker(socket: Socket, details: JsonObject, timeoutMs: number): (request: ControlRequest) => Promise<unknown> {
  const lines = readLines(socket, mostResponseBytes, 'OUTPUT_INVALID');
  const exchange = async (request: ControlRequest): Promise<unknown> => {
    const timer = setTimeout(() => {
      socket.destroy(new CapstanError('TIMEOUT', `The process did not answer within ${timeoutMs} ms.`, { details }));
    }, timeoutMs);
    try {
      socket.write(`${JSON.stringify(request)}\n`);
      const next = await lines.next();
      if (next.done === true) throw gone(details);
      return parseResponse(next.value, details);
    } catch (error) {
      throw CapstanError.isInstance(error) ? error : gone(details, error);
    } finally {
      clearTimeout(timer);
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  return async (request) => {
    const answered = last.then(() => exchange(request));
    last = answered.catch(() => {});
    return await answered;
  };
}

function gone(details: JsonObject, cause?: unknown): CapstanError {
  return new CapstanError('CLOSED', 'The process of this control socket cannot be reached, or went away.', {
    details,
    cause,
  });
}
