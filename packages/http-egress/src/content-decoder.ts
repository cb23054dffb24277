import { createBrotliDecompress, createGunzip, createInflate, createInflateRaw } from 'node:zlib';

/** Unpacks a body as it comes. Everything it is told, and tells, is in order. */
export interface ContentDecoder {
  write(chunk: Buffer): void;
  end(): void;
  pause(): void;
  resume(): void;
  destroy(): void;
}

/** Where the unpacked body goes, and what makes the packed one wait. */
export interface DecoderTarget {
  take(chunk: Buffer): void;
  complete(): void;
  fail(cause: unknown): void;
  pause(): void;
  resume(): void;
}

/** Some servers send `deflate` without the wrapper that RFC 9110 asks for. The first byte tells: a wrapper begins with method 8. */
const isWrapped = (first: number): boolean => (first & 0x0f) === 8;

const createUnpacker = (encoding: string, firstByte: number) => {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return isWrapped(firstByte) ? createInflate() : createInflateRaw();
    case 'br':
      return createBrotliDecompress();
    default:
      return undefined;
  }
};

/** Undefined for `identity`. An encoding that is not known fails the target with the first chunk. */
export const contentDecoder = (
  header: string | readonly string[],
  target: DecoderTarget,
): ContentDecoder | undefined => {
  const encoding = String(header).trim().toLowerCase();
  if (encoding === 'identity' || encoding === '') return undefined;
  let unpacker: ReturnType<typeof createUnpacker>;
  let destroyed = false;

  const start = (chunk: Buffer) => {
    const created = createUnpacker(encoding, chunk[0] ?? 0);
    created?.on('data', (unpacked: Buffer) => target.take(unpacked));
    created?.on('end', () => target.complete());
    created?.on('error', (error) => target.fail(error));
    return created;
  };

  return {
    write: (chunk) => {
      unpacker ??= start(chunk);
      if (unpacker === undefined) return target.fail(new Error(`The content encoding ${encoding} is not known.`));
      target.pause();
      unpacker.write(chunk, () => {
        if (!destroyed) target.resume();
      });
    },
    end: () => {
      unpacker?.end();
    },
    pause: () => {
      unpacker?.pause();
    },
    resume: () => {
      unpacker?.resume();
    },
    destroy: () => {
      destroyed = true;
      unpacker?.destroy();
    },
  };
};
