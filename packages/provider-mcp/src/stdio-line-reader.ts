const lineFeed = 0x0a;
const firstCapacity = 65_536;

/** Cuts a stream of bytes into lines. Each byte is copied a bounded number of times, however small the chunks that a line comes in. */
export class StdioLineReader {
  readonly #maxBytes: number;
  /** The beginning of a line that has not ended, in a buffer that doubles. */
  #kept = Buffer.alloc(0);
  #length = 0;

  /** `maxBytes`: of one line, without its end. */
  constructor(options: { readonly maxBytes: number }) {
    this.#maxBytes = options.maxBytes;
  }

  /** Hands out each line that `chunk` completes. False once a line is longer than it may be: then nothing more is to be read. */
  push(chunk: Buffer, onLine: (line: string) => void): boolean {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      if (this.#length + end - start > this.#maxBytes) return false;
      onLine(this.#complete(chunk, start, end));
      start = end + 1;
    }
    if (this.#length + chunk.length - start > this.#maxBytes) return false;
    this.#keep(chunk, start, chunk.length);
    return true;
  }

  #complete(chunk: Buffer, start: number, end: number): string {
    if (this.#length === 0) return chunk.toString('utf8', start, end);
    this.#keep(chunk, start, end);
    const line = this.#kept.toString('utf8', 0, this.#length);
    this.#length = 0;
    // What one big message needed is not held for as long as the process lives.
    if (this.#kept.length > firstCapacity) this.#kept = Buffer.alloc(0);
    return line;
  }

  #keep(chunk: Buffer, start: number, end: number): void {
    const needed = this.#length + end - start;
    if (needed > this.#kept.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, this.#kept.length * 2, firstCapacity));
      this.#kept.copy(grown, 0, 0, this.#length);
      this.#kept = grown;
    }
    chunk.copy(this.#kept, this.#length, start, end);
    this.#length = needed;
  }
}
