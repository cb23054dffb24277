import type { Readable } from 'node:stream';
import { setImmediate as nextRound } from 'node:timers/promises';

/**
 * Resolves when what a process wrote before it ended has been read: at the end of the stream, or, where somebody else holds its other end,
 * after two rounds of the event loop that brought nothing. The stream must be flowing.
 */
export async function drained(stream: Readable): Promise<void> {
  let chunks = 0;
  const count = (): void => void (chunks += 1);
  stream.on('data', count);
  for (let seen = -1, quietRounds = 0; quietRounds < 2 && !stream.readableEnded && !stream.destroyed;) {
    quietRounds = seen === chunks ? quietRounds + 1 : 0;
    seen = chunks;
    await nextRound();
  }
  stream.off('data', count);
}
