import type { ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { bodyOf, egressFor, listen, rejection, serve } from './upstream.ts';

const mebibyte = 1024 * 1024;

const answerOf = async (
  respond: (response: ServerResponse) => unknown,
  options: { readonly maxBytes?: number; readonly signal?: AbortSignal } = {},
) => {
  const upstream = await serve((_, response) => void respond(response));
  return { upstream, answer: await egressFor().request({ url: upstream.url, trust: 'declared', ...options }) };
};

/** Writes until the other side closes, but never more than its socket takes. */
const writeForever = (response: ServerResponse): void => {
  const write = (): void => {
    if (!response.destroyed) response.write(Buffer.alloc(16_384, 'x'), (error) => (error ? undefined : write()));
  };
  write();
};

test('gives status, lower-case headers and text', async () => {
  const upstream = await serve((request, response) => {
    void bodyOf(request).then((body) => {
      response.setHeader('X-Mixed-Case', 'yes').setHeader('set-cookie', ['a=1', 'b=2']);
      response.writeHead(201).end(`${request.method} ${request.url} ${String(request.headers['x-name'])} ${body} ✓`);
    });
  });
  const answer = await egressFor().request({
    url: new URL('/path?query=1', upstream.url),
    trust: 'declared',
    method: 'post',
    headers: { 'X-Name': 'value' },
    body: Buffer.from('body'),
  });
  expect(answer.status).toBe(201);
  expect(answer.headers).toMatchObject({ 'x-mixed-case': 'yes', 'set-cookie': ['a=1', 'b=2'] });
  expect(await answer.text()).toBe('POST /path?query=1 value body ✓');
});

test('joins characters that come in pieces, and drops a byte order mark', async () => {
  const bytes = Buffer.from('\ufeffäöü€😀');
  const { answer } = await answerOf((response) => {
    let at = 0;
    const next = (): unknown =>
      at < bytes.length ? response.write(bytes.subarray(at, ++at), () => setImmediate(next)) : response.end();
    next();
  });
  expect(await answer.text()).toBe('äöü€😀');
});

test('asks for no content encoding', async () => {
  const upstream = await serve((request, response) => response.end(String(request.headers['accept-encoding'])));
  const answer = await egressFor().request({ url: upstream.url, trust: 'declared' });
  expect(await answer.text()).toBe('undefined');
});

test('hands chunks to a reader that comes after the end', async () => {
  const { answer } = await answerOf((response) => response.end('all of it'));
  await new Promise((resolve) => setImmediate(resolve));
  const chunks: Uint8Array[] = [];
  await answer.read((chunk) => chunks.push(chunk));
  expect(Buffer.concat(chunks).toString()).toBe('all of it');
});

test('a body is read once', async () => {
  const { answer } = await answerOf((response) => response.end('once'));
  expect(await answer.text()).toBe('once');
  expect(await rejection(answer.text())).toMatchObject({ reason: 'invalid' });
  expect(await rejection(answer.read(() => undefined))).toMatchObject({ reason: 'invalid' });
});

describe('size', () => {
  test.each([
    ['announced', (response: ServerResponse) => response.setHeader('content-length', 101).end('x'.repeat(101))],
    ['in chunks', (response: ServerResponse) => writeForever(response)],
  ])('a body over the cap is refused, %s, and its connection closed', async (_, respond) => {
    const { answer, upstream } = await answerOf(respond, { maxBytes: 100 });
    expect(await rejection(answer.text())).toMatchObject({
      code: 'UPSTREAM_ERROR',
      reason: 'too_large',
      sent: true,
      retryable: false,
    });
    await upstream.drained();
  });

  test('a body of exactly the cap passes', async () => {
    const { answer } = await answerOf((response) => response.end('x'.repeat(100)), { maxBytes: 100 });
    expect(await answer.text()).toHaveLength(100);
  });

  test('a stream without a cap goes on beyond 16 MiB', async () => {
    const { answer } = await answerOf((response) => response.end(Buffer.alloc(17 * mebibyte)), { maxBytes: Infinity });
    let bytes = 0;
    await answer.read((chunk) => (bytes += chunk.length));
    expect(bytes).toBe(17 * mebibyte);
  });

  test('the default cap is 16 MiB', async () => {
    const { answer } = await answerOf((response) => response.end(Buffer.alloc(16 * mebibyte + 1)));
    expect(await rejection(answer.text())).toMatchObject({ reason: 'too_large' });
  });

  test('48 kB of gzip that unpack to 50 MB are refused early', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * mebibyte));
    expect(bomb.length).toBeLessThan(60_000);
    const { answer } = await answerOf((response) => response.setHeader('content-encoding', 'gzip').end(bomb));
    let decoded = 0;
    const error = await rejection(answer.read((chunk) => (decoded += chunk.length)));
    expect(error).toMatchObject({ reason: 'too_large', sent: true });
    expect(decoded).toBeLessThanOrEqual(bomb.length * 100);
    expect(decoded).toBeLessThan(16 * mebibyte);
  });

  test('a bomb that nobody reads does not unpack in memory', async () => {
    const bomb = gzipSync(Buffer.alloc(50 * mebibyte));
    const before = process.memoryUsage().arrayBuffers;
    const { answer } = await answerOf((response) => response.setHeader('content-encoding', 'gzip').end(bomb));
    for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * mebibyte);
    answer.cancel();
  });

  test('an upstream waits while nobody reads', async () => {
    let written = 0;
    const { answer } = await answerOf((response) => {
      const write = (): void => {
        written += 16_384;
        if (written < 64 * mebibyte && !response.destroyed) response.write(Buffer.alloc(16_384), () => write());
      };
      write();
    });
    let before = -1;
    while (before !== written) {
      before = written;
      for (let turn = 0; turn < 500; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written).toBeLessThan(32 * mebibyte);
    let received = 0;
    const reading = answer.read((chunk) => {
      received += chunk.length;
      if (received > 1 * mebibyte) answer.cancel();
    });
    await reading;
    expect(received).toBeGreaterThan(1 * mebibyte);
  });
});

describe('content encoding', () => {
  const text = JSON.stringify(Array.from({ length: 5_000 }, (_, index) => ({ index })));

  test.each([
    ['gzip', gzipSync(text)],
    ['X-GZIP', gzipSync(text)],
    ['deflate', deflateSync(text)],
    ['deflate', deflateRawSync(text)],
    ['br', brotliCompressSync(text)],
    ['identity', Buffer.from(text)],
  ])('%s is unpacked', async (encoding, bytes) => {
    const { answer } = await answerOf((response) => response.setHeader('content-encoding', encoding).end(bytes));
    expect(await answer.text()).toBe(text);
  });

  test('an empty body needs no unpacking', async () => {
    const { answer } = await answerOf((response) => response.setHeader('content-encoding', 'gzip').end());
    expect(await answer.text()).toBe('');
  });

  test.each([
    ['gzip', gzipSync(text).subarray(0, 200)],
    ['gzip', Buffer.from('not packed at all')],
    ['br', Buffer.from('not packed at all')],
    ['zstd', Buffer.from('x')],
    ['gzip, br', brotliCompressSync(gzipSync(text))],
  ])('%s that cannot be unpacked is an error', async (encoding, bytes) => {
    const { answer, upstream } = await answerOf((response) =>
      response.setHeader('content-encoding', encoding).end(bytes),
    );
    expect(await rejection(answer.text())).toMatchObject({ reason: 'network', sent: true });
    expect(upstream.connections()).toBe(1);
  });
});

describe('a body that breaks', () => {
  const raw = (text: string) => listen(createServer((socket) => socket.once('data', () => socket.end(text))));

  test.each([
    ['announced length', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'],
    ['chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n'],
    ['chunk size', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzzz\r\n'],
  ])('in its %s rejects as sent', async (_, text) => {
    const upstream = await raw(text);
    const answer = await egressFor().request({ url: upstream.url, trust: 'declared' });
    const chunks: Uint8Array[] = [];
    const error = await rejection(answer.read((chunk) => chunks.push(chunk)));
    expect(error).toMatchObject({ code: 'UPSTREAM_ERROR', reason: 'network', sent: true, retryable: true });
    expect(Buffer.concat(chunks).toString()).toBe('half');
  });

  test('before its reader comes rejects then', async () => {
    const upstream = await raw('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf');
    const answer = await egressFor().request({ url: upstream.url, trust: 'declared' });
    await upstream.drained();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await rejection(answer.text())).toMatchObject({ reason: 'network', sent: true });
  });
});

describe('giving up', () => {
  test('cancel closes the connection of a body that goes on', async () => {
    const { answer, upstream } = await answerOf(writeForever);
    answer.cancel();
    await upstream.drained();
    expect(await rejection(answer.text())).toMatchObject({ reason: 'invalid' });
  });

  test('cancel ends a reading, and rejects a text as CANCELLED', async () => {
    const first = await answerOf(writeForever);
    await first.answer.read(() => first.answer.cancel());
    await first.upstream.drained();
    const second = await answerOf(writeForever, { maxBytes: Infinity });
    const text = rejection(second.answer.text());
    second.answer.cancel();
    expect(await text).toMatchObject({ code: 'CANCELLED' });
    await second.upstream.drained();
  });

  test('cancel within the reader of a body that is all there settles it', async () => {
    const { answer } = await answerOf((response) => response.end('all'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(await answer.read(() => answer.cancel())).toBeUndefined();
  });

  test('what a reader throws ends the reading, and the connection', async () => {
    const { answer, upstream } = await answerOf(writeForever);
    const thrown = new Error('no more');
    expect(
      await rejection(
        answer.read(() => {
          throw thrown;
        }),
      ),
    ).toBe(thrown);
    await upstream.drained();
  });
});

test('a text may be bounded by its reader, before and after it came', async () => {
  const upstream = await serve((_request, response) => void response.end('x'.repeat(1000)));
  const egress = egressFor();
  const early = await egress.request({ url: upstream.url, trust: 'declared' });
  expect(await rejection(early.text(999))).toMatchObject({ reason: 'too_large' });
  const late = await egress.request({ url: upstream.url, trust: 'declared' });
  await expect.poll(() => upstream.connections()).toBeLessThan(3);
  expect(await rejection(late.text(999))).toMatchObject({ reason: 'too_large' });
  const fitting = await egress.request({ url: upstream.url, trust: 'declared' });
  expect(await fitting.text(1000)).toHaveLength(1000);
});
