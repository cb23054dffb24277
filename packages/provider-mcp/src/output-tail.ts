import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';

const lineFeed = 0x0a;

/** Reads a stream to its end and keeps the last of it, in a ring of fixed size. */
export class OutputTail {
  readonly #maxBytes: number;
  /** Made when the first byte comes: most processes are silent. */
  #ring: Buffer | undefined;
  /** Where the next byte goes. */
  #position = 0;
  #wrapped = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(options: { readonly maxBytes: number }) {
    this.#maxBytes = options.maxBytes;
  }

  drain(stream: Readable): void {
    stream.on('data', (chunk: Buffer) => this.#append(chunk));
    this.#ended = finished(stream, { writable: false }).catch(() => undefined);
  }

  /** The last lines, once the stream has ended or `waitMs` have passed. A line whose beginning is lost is left out: it may end a secret. */
  async lastLines(count: number, waitMs: number): Promise<readonly string[]> {
    const stop = new AbortController();
    await Promise.race([this.#ended, wait(waitMs, undefined, { signal: stop.signal }).catch(() => undefined)]);
    stop.abort();
    const text = this.#content().toString('utf8').trimEnd();
    return text === '' ? [] : text.split(/\r?\n/).slice(-count);
  }

  #content(): Buffer {
    if (this.#ring === undefined) return Buffer.alloc(0);
    if (!this.#wrapped) return this.#ring.subarray(0, this.#position);
    const content = Buffer.concat([this.#ring.subarray(this.#position), this.#ring.subarray(0, this.#position)]);
    const firstEnd = content.indexOf(lineFeed);
    return firstEnd === -1 ? Buffer.alloc(0) : content.subarray(firstEnd + 1);
  }

  #append(chunk: Buffer): void {
    this.#ring ??= Buffer.allocUnsafe(this.#maxBytes);
    if (this.#position + chunk.length >= this.#maxBytes) this.#wrapped = true;
    // Of a chunk beyond the size of the ring only its end would stay.
    for (let kept = chunk.subarray(-this.#maxBytes); kept.length > 0;) {
      const copied = kept.copy(this.#ring, this.#position);
      this.#position = (this.#position + copied) % this.#maxBytes;
      kept = kept.subarray(copied);
    }
  }
}
