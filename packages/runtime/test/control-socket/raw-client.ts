import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

/** A client that says whatever it likes. */
export async function rawClient(address: string): Promise<Socket> {
  const socket = createConnection(address);
  await once(socket, 'connect');
  return socket;
}

/** Writes, and resolves with everything that comes until the other side ends the connection. */
export async function say(address: string, words: string | Buffer): Promise<readonly unknown[]> {
  const socket = await rawClient(address);
  socket.write(words);
  return await told(socket);
}

/** The documents that still come until the other side ends the connection. */
export async function told(socket: Socket): Promise<readonly unknown[]> {
  const lines = (await text(socket)).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as unknown);
}
