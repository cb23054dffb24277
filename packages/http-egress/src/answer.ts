import { type ContentDecoder, contentDecoder } from './content-decoder.ts';
import type { EgressStream } from './egress.ts';
import { EgressError, shownUrl } from './egress-error.ts';

/** What an answer needs of the connection that it comes over. */
export interface AnswerSource {
  pause(): void;
  resume(): void;
  /** Gives the connection up; nothing more is pushed. */
  abort(): void;
  /** The exchange is over, well or not: no abort can change it any more. */
  ended(): void;
}

/** Bytes kept for a reader that has not come yet; above, the upstream is made to wait. */
const highWaterBytes = 256 * 1024;
const decodedPerWireByte = 100;
/** Below this a high ratio of decoded to wire bytes is no sign of a bomb. */
const ratioFreeBytes = 64 * 1024;

/**
 * `waiting` for a reader, `collecting` a text, `reading` chunk by chunk, `discarded` by `cancel`.
 * What the upstream does is told by `#outcome`, so a reader may come after the end.
 */
type Mode = 'waiting' | 'collecting' | 'reading' | 'discarded';

/** The answer of one exchange: buffers its body until a reader comes, decodes it, holds its caps, and settles its reader once. */
export class Answer implements EgressStream {
  readonly status: number;
  readonly headers: EgressStream['headers'];
  readonly url: URL;
  readonly #source: AnswerSource;
  #maxBytes: number;
  #mode: Mode = 'waiting';
  #outcome: 'open' | 'complete' | 'failed' = 'open';
  #failure: unknown;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #wireBytes = 0;
  #decoder: ContentDecoder | undefined;
  #onChunk: ((chunk: Uint8Array) => void) | undefined;
  #resolve: ((value: never) => void) | undefined;
  #reject: ((reason: unknown) => void) | undefined;

  constructor(status: number, headers: EgressStream['headers'], url: URL, maxBytes: number, source: AnswerSource) {
    this.status = status;
    this.headers = headers;
    this.url = url;
    this.#maxBytes = maxBytes;
    this.#source = source;
  }

  text(maxBytes = this.#maxBytes): Promise<string> {
    return new Promise<string>((resolve, reject) => {
      if (this.#mode !== 'waiting') return reject(readTwice(this.url));
      this.#maxBytes = Math.min(maxBytes, this.#maxBytes);
      if (this.#bytes > this.#maxBytes) {
        const failure = tooLarge(this.url, this.#maxBytes);
        this.#stop(failure);
        return reject(failure);
      }
      this.#mode = 'collecting';
      if (this.#outcome === 'complete') return resolve(this.#takeText());
      if (this.#outcome === 'failed') return reject(this.#failure);
      this.#resolve = resolve;
      this.#reject = reject;
      return this.resume();
    });
  }

  read(onChunk: (chunk: Uint8Array) => void): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      if (this.#mode !== 'waiting') return reject(readTwice(this.url));
      this.#mode = 'reading';
      this.#onChunk = onChunk;
      this.#resolve = resolve;
      this.#reject = reject;
      const chunks = this.#chunks;
      this.#chunks = [];
      for (const chunk of chunks) this.#hand(chunk);
      if (this.#outcome === 'open') return this.resume();
      return this.#settle();
    });
  }

  /** A reading under way then resolves; a text under way rejects as CANCELLED. */
  cancel(): void {
    if (this.#mode === 'discarded') return;
    const failure = this.#mode === 'collecting' ? cancelled(this.url) : undefined;
    this.#mode = 'discarded';
    this.#chunks = [];
    this.#stop(failure);
    if (failure === undefined) this.#resolve?.(undefined as never);
    else this.#reject?.(failure);
    this.#release();
  }

  /** Makes the upstream wait, or go on. For readers that cannot take everything at once. */
  pause(): void {
    if (this.#outcome !== 'open') return;
    if (this.#decoder === undefined) this.#source.pause();
    else this.#decoder.pause();
  }

  resume(): void {
    if (this.#outcome !== 'open') return;
    if (this.#decoder === undefined) this.#source.resume();
    else this.#decoder.resume();
  }

  /** A piece of the body as it came over the wire. */
  receive(chunk: Buffer): void {
    if (this.#outcome !== 'open') return;
    this.#wireBytes += chunk.length;
    if (this.#decoder === undefined && this.#wireBytes === chunk.length) {
      if (this.#announcesTooMuch()) return this.#failTooLarge();
      const encoding = this.headers['content-encoding'];
      if (encoding !== undefined) this.#decoder = contentDecoder(encoding, this.#decoderTarget());
    }
    if (this.#decoder === undefined) this.#take(chunk);
    else this.#decoder.write(chunk);
  }

  /** The body is over. */
  end(): void {
    if (this.#outcome !== 'open') return;
    if (this.#decoder === undefined) this.#complete();
    else this.#decoder.end();
  }

  /** The body broke, or the signal aborted. Chunks that came before are kept for a reader. */
  fail(error: unknown): void {
    if (this.#outcome !== 'open') return;
    this.#outcome = 'failed';
    this.#failure = error;
    this.#decoder?.destroy();
    this.#source.ended();
    this.#settle();
  }

  #decoderTarget() {
    return {
      take: (chunk: Buffer) => this.#take(chunk),
      complete: () => this.#complete(),
      fail: (cause: unknown) => {
        if (this.#outcome !== 'open') return;
        this.#source.abort();
        this.fail(undecodable(this.url, cause));
      },
      pause: () => this.#source.pause(),
      resume: () => this.#source.resume(),
    };
  }

  #announcesTooMuch(): boolean {
    const announced = this.headers['content-length'];
    return (
      typeof announced === 'string' &&
      Number(announced) > this.#maxBytes &&
      this.headers['content-encoding'] === undefined
    );
  }

  #take(chunk: Buffer): void {
    if (this.#outcome !== 'open') return;
    this.#bytes += chunk.length;
    const isBomb =
      this.#decoder !== undefined && this.#bytes > ratioFreeBytes && this.#bytes > this.#wireBytes * decodedPerWireByte;
    if (this.#bytes > this.#maxBytes || isBomb) return this.#failTooLarge();
    if (this.#onChunk !== undefined) return this.#hand(chunk);
    this.#chunks.push(chunk);
    if (this.#mode === 'waiting' && this.#bytes > highWaterBytes) this.pause();
  }

  #hand(chunk: Buffer): void {
    try {
      this.#onChunk?.(chunk);
    } catch (error) {
      this.#stop(error);
      this.#outcome = 'failed';
      this.#failure = error;
      this.#settle();
    }
  }

  #complete(): void {
    if (this.#outcome !== 'open') return;
    this.#outcome = 'complete';
    this.#source.ended();
    this.#settle();
  }

  #failTooLarge(): void {
    this.#source.abort();
    this.#chunks = [];
    this.fail(tooLarge(this.url, this.#maxBytes));
  }

  /** Ends it from this side, where it is not over yet. */
  #stop(failure: unknown): void {
    if (this.#outcome !== 'open') return;
    this.#outcome = 'failed';
    this.#failure = failure;
    this.#decoder?.destroy();
    this.#source.abort();
    this.#source.ended();
  }

  /** Tells the reader, if one is there, what became of the body. */
  #settle(): void {
    if (this.#resolve === undefined) return;
    if (this.#outcome === 'failed') this.#reject?.(this.#failure);
    else this.#resolve((this.#mode === 'collecting' ? this.#takeText() : undefined) as never);
    this.#release();
  }

  #release(): void {
    this.#resolve = undefined;
    this.#reject = undefined;
    this.#onChunk = undefined;
  }

  #takeText(): string {
    const chunks = this.#chunks;
    this.#chunks = [];
    const [only] = chunks;
    if (only === undefined) return '';
    const bytes = chunks.length === 1 ? only : Buffer.concat(chunks, this.#bytes);
    const hasByteOrderMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
    return bytes.toString('utf8', hasByteOrderMark ? 3 : 0);
  }
}

const readTwice = (url: URL): EgressError =>
  new EgressError('invalid', `The body of ${shownUrl(url)} was read or given up before. Read it once.`, { sent: true });

const cancelled = (url: URL): EgressError =>
  new EgressError('network', `The rest of the body of ${shownUrl(url)} was given up while it was being read.`, {
    sent: true,
    code: 'CANCELLED',
    retryable: false,
  });

const tooLarge = (url: URL, maxBytes: number): EgressError =>
  new EgressError(
    'too_large',
    `The answer of ${shownUrl(url)} is larger than the ${maxBytes} bytes allowed, or unpacks to more than ${decodedPerWireByte} times its size. Ask for less, or raise the limit of the call.`,
    { sent: true },
  );

const undecodable = (url: URL, cause: unknown): EgressError =>
  new EgressError(
    'network',
    `The body of ${shownUrl(url)} cannot be unpacked. See the cause; report it to the upstream if it stays so.`,
    { sent: true, cause },
  );
