import { CapstanError } from '@capstan/provider';
import type { Readable } from 'node:stream';

/**
 * The lines of a stream, without their breaks; a last one without a break is dropped. Leaves the stream open. Throws `code` where a line
 * is longer than `mostBytes` or no UTF-8, and what the stream fails with.
 */
export async function* readLines(
  stream: Readable,
  mostBytes: number,
  code: 'INPUT_INVALID' | 'OUTPUT_INVALID',
): AsyncGenerator<string, void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let parts: Buffer[] = [];
  let bytes = 0;
  const add = (part: Buffer): void => {
    bytes += part.length;
    if (bytes > mostBytes) throw new CapstanError(code, `A line is longer than ${mostBytes} bytes.`);
    parts.push(part);
  };
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    let rest = chunk as Buffer;
    for (let end = rest.indexOf('\n'); end !== -1; end = rest.indexOf('\n')) {
      add(rest.subarray(0, end));
      rest = rest.subarray(end + 1);
      const line = Buffer.concat(parts);
      parts = [];
      bytes = 0;
      yield decode(decoder, line, code);
    }
    if (rest.length > 0) add(rest);
  }
}

function decode(
  decoder: { decode(bytes: Buffer): string },
  line: Buffer,
  code: 'INPUT_INVALID' | 'OUTPUT_INVALID',
): string {
  try {
    return decoder.decode(line);
  } catch (cause) {
    throw new CapstanError(code, 'A line is not UTF-8.', { cause });
  }
}
