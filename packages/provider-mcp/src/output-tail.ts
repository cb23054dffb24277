import { Readable, type Stream } from 'node:stream';
import { finished } from 'node:stream/promises';

/** Reads a stream to its end and keeps the last of it. */
export class OutputTail {
  readonly #maxBytes: number;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: { readonly maxBytes: number }) {
    this.#maxBytes = options.maxBytes;
  }

  drain(stream: Stream): void {
    stream.on('data', (chunk: Buffer) => this.#append(chunk));
    if (stream instanceof Readable) this.#ended = finished(stream, { writable: false }).catch(() => undefined);
  }

  /** The last lines, once the stream has ended or `waitMs` have passed. */
  async lastLines(count: number, waitMs: number): Promise<readonly string[]> {
    const waited = AbortSignal.timeout(waitMs);
    await Promise.race([
      this.#ended,
      new Promise<void>((resolve) => waited.addEventListener('abort', () => resolve(), { once: true })),
    ]);
    const text = Buffer.concat(this.#chunks).toString('utf8').trimEnd();
    return text === '' ? [] : text.split(/\r?\n/).slice(-count);
  }

  #append(chunk: Buffer): void {
    const kept = chunk.length > this.#maxBytes ? chunk.subarray(-this.#maxBytes) : chunk;
    this.#chunks.push(kept);
    this.#bytes += kept.length;
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#chunks.shift();
      if (oldest === undefined) break;
      const excess = this.#bytes - this.#maxBytes;
      if (oldest.length > excess) this.#chunks.unshift(oldest.subarray(excess));
      this.#bytes -= Math.min(oldest.length, excess);
    }
  }
}
