import { createConnection } from 'node:net';

const nobodyListens = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK']);

/** Whether somebody listens on a local socket. Where that cannot be told, somebody may. */
export async function isListening(address: string): Promise<boolean> {
  const socket = createConnection(address);
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', ({ code }: NodeJS.ErrnoException) => resolve(!nobodyListens.has(code ?? '')));
    });
  } finally {
    socket.destroy();
  }
}
