import { StringDecoder } from 'node:string_decoder';
import type { EgressStream } from '@capstan/http-egress';
import { createParser } from 'eventsource-parser';
import { MessageTooLarge } from './wire-errors.ts';

/** Where to take up a stream that broke, as the server told it (HTML, "Server-sent events"). */
export interface StreamPosition {
  lastEventId: string | undefined;
  retryMs: number | undefined;
}

/**
 * Hands out the data of each message event; resolves when the stream ends. `maxBytes` bounds one event, not the stream, which may last
 * for days.
 */
export async function readEventStream(
  stream: EgressStream,
  maxBytes: number,
  position: StreamPosition,
  onData: (data: string, event: string | undefined) => void,
): Promise<void> {
  const decoder = new StringDecoder('utf8');
  let bytes = 0;
  const parser = createParser({
    onEvent({ id, event, data }) {
      bytes = 0;
      if (id !== undefined) position.lastEventId = id;
      if (data !== '') onData(data, event);
    },
    onRetry(milliseconds) {
      position.retryMs = milliseconds;
    },
    onComment(comment) {
      // Signs of life count for nothing, and set nothing back: an event may be under way.
      bytes = Math.max(0, bytes - Buffer.byteLength(comment) - 2);
    },
  });
  await stream.read((chunk) => {
    bytes += chunk.length;
    parser.feed(decoder.write(chunk as Buffer));
    if (bytes > maxBytes) throw new MessageTooLarge(maxBytes);
  });
}
