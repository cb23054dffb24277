import { CapstanError } from '@capstan/provider';
import type { Socket } from 'node:net';
import {
  type ControlAnswers,
  answerLine,
  type ControlRequest,
  errorLine,
  mostRequestBytes,
  parseRequest,
} from './control-protocol.ts';
import { readLines } from './read-lines.ts';

/** How long a client may take to read why it is sent away. */
const lingerMs = 1_000;

export interface ServeConnectionOptions {
  readonly answer: (request: ControlRequest) => Promise<ControlAnswers[ControlRequest['ask']]>;
  /** How long a request may take to arrive, and an answer to be read. */
  readonly idleTimeoutMs: number;
}

/** Answers what comes on one connection, one request after the other. Resolves when it is over; never rejects. */
export async function serveConnection(
  socket: Socket,
  { answer, idleTimeoutMs }: ServeConnectionOptions,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(() => {
      sendAway(socket, new CapstanError('TIMEOUT', `No request came within ${idleTimeoutMs} ms.`));
    }, idleTimeoutMs).unref();
  };
  try {
    wait();
    for await (const line of readLines(socket, mostRequestBytes, 'INPUT_INVALID')) {
      clearTimeout(timer);
      if (socket.writableEnded) return;
      const request = parseRequest(line);
      const response = await answer(request).then(answerLine, errorLine);
      wait();
      await written(socket, response);
      clearTimeout(timer);
      wait();
    }
    socket.end();
  } catch (error) {
    sendAway(socket, error);
  } finally {
    clearTimeout(timer);
  }
}

/** Tells why, and ends the connection; what else comes is thrown away. */
export function sendAway(socket: Socket, why: unknown): void {
  if (socket.destroyed || socket.writableEnded) return;
  const timer = setTimeout(() => socket.destroy(), lingerMs).unref();
  socket.once('close', () => clearTimeout(timer));
  socket.end(errorLine(why));
  // Closing before everything was read would reset the connection, and the client might never see why.
  socket.resume();
}

async function written(socket: Socket, text: string): Promise<void> {
  await new Promise<void>((resolve) => {
    socket.write(text, () => resolve());
  });
}
