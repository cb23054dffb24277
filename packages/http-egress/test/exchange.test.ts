import { getEventListeners } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type EgressRequest, EgressError } from '@capstan/http-egress';
import { certificate } from './certificate.ts';
import { egressFor, listen, rejection, serve } from './upstream.ts';

/** A server that does `then` once something of a request has come. */
const onRequest = (then: (socket: Socket) => void) =>
  listen(createServer((socket) => socket.once('data', () => then(socket))));

/** A server that sends back what it was sent. */
const onRequestEcho = () => listen(createServer((socket) => socket.once('data', (sent) => socket.end(sent))));

/** A port of loopback on which nothing listens. */
const unusedUrl = async (): Promise<URL> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('No address.');
  return new URL(`http://127.0.0.1:${address.port}/`);
};

const failureOf = async (request: Omit<EgressRequest, 'trust'>, options?: Parameters<typeof egressFor>[0]) => {
  const answer = egressFor(options).request({ trust: 'declared', ...request });
  const error = await rejection(answer.then((stream) => stream.text()));
  if (!(error instanceof EgressError)) throw error;
  return error;
};

describe('sent', () => {
  test('false where the connection is refused', async () => {
    const error = await failureOf({ url: await unusedUrl(), method: 'POST', body: 'x' });
    expect(error).toMatchObject({ code: 'UPSTREAM_ERROR', reason: 'network', sent: false, retryable: true });
    expect(error.details).toEqual({ reason: 'network', sent: false, systemCode: 'ECONNREFUSED' });
    expect(error.cause).toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('false where the name is not known', async () => {
    const unknown = Object.assign(new Error('not known'), { code: 'ENOTFOUND' });
    const error = await failureOf(
      { url: new URL('https://nowhere.example/') },
      { lookup: (_hostname, _options, callback) => queueMicrotask(() => callback(unknown, [])) },
    );
    expect(error).toMatchObject({ reason: 'network', sent: false, cause: unknown });
  });

  test('false where the guard refuses', async () => {
    expect(await failureOf({ url: new URL('https://10.0.0.1/') })).toMatchObject({ reason: 'egress', sent: false });
  });

  test('false where the certificate is not trusted', async () => {
    const upstream = await listen(
      createTlsServer(certificate, (socket) => socket.end()),
      'https',
    );
    expect(await failureOf({ url: upstream.url })).toMatchObject({
      reason: 'network',
      sent: false,
      details: { systemCode: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    });
  });

  test.each([
    ['before the answer', ''],
    ['after the headers', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n'],
    ['in the body', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'],
  ])('true where the connection is dropped %s, and the request arrives once', async (_, text) => {
    let requests = 0;
    const upstream = await onRequest((socket) => {
      requests += 1;
      socket.end(text);
    });
    expect(await failureOf({ url: upstream.url })).toMatchObject({ reason: 'network', sent: true, retryable: true });
    expect([requests, upstream.connections()]).toEqual([1, 1]);
  });

  test.each([
    ['what is not HTTP', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['headers over 16 KiB', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(17_000)}\r\n\r\n`],
  ])('true where the upstream answers with %s', async (_, text) => {
    const upstream = await onRequest((socket) => socket.end(text));
    expect(await failureOf({ url: upstream.url })).toMatchObject({ reason: 'network', sent: true });
  });

  test('messages do not repeat the query', async () => {
    const upstream = await onRequest((socket) => socket.end());
    const error = await failureOf({ url: new URL('/path?token=hidden', upstream.url) });
    expect(error.message).toContain('/path');
    expect(JSON.stringify([error.message, error])).not.toContain('hidden');
  });
});

test('an informational answer is not the answer', async () => {
  const upstream = await onRequest((socket) =>
    socket.end('HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'),
  );
  const answer = await egressFor().request({ url: upstream.url, trust: 'declared' });
  expect([answer.status, await answer.text()]).toEqual([200, 'ok']);
});

describe('an abort', () => {
  const reason = { why: 'not even an Error' };

  test('before the request opens nothing', async () => {
    const upstream = await serve((_, response) => response.end());
    const request = { url: upstream.url, trust: 'declared', signal: AbortSignal.abort(reason) } as const;
    expect(await rejection(egressFor().request(request))).toBe(reason);
    expect(upstream.connections()).toBe(0);
  });

  test('while the name is resolved', async () => {
    const aborting = new AbortController();
    const egress = egressFor({ lookup: () => aborting.abort(reason) });
    const { signal } = aborting;
    const url = new URL('https://slow.example/');
    expect(await rejection(egress.request({ url, trust: 'declared', signal }))).toBe(reason);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await egress.close();
  });

  test('while the upstream has the request', async () => {
    const aborting = new AbortController();
    const { signal } = aborting;
    const upstream = await onRequest(() => aborting.abort(reason));
    expect(await rejection(egressFor().request({ url: upstream.url, trust: 'declared', signal }))).toBe(reason);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await upstream.drained();
  });

  test('in the body, with a reader and without', async () => {
    const upstream = await onRequest((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf'));
    for (const read of ['text', 'read', 'later'] as const) {
      const aborting = new AbortController();
      const { signal } = aborting;
      const answer = await egressFor().request({ url: upstream.url, trust: 'declared', signal });
      expect(getEventListeners(signal, 'abort')).toHaveLength(1);
      const early = read === 'text' ? answer.text() : read === 'read' ? answer.read(() => undefined) : undefined;
      aborting.abort(reason);
      expect(await rejection(early ?? answer.text())).toBe(reason);
      expect(getEventListeners(signal, 'abort')).toEqual([]);
      await upstream.drained();
    }
  });

  test('after the end changes nothing, and no listener is left', async () => {
    const upstream = await serve((_, response) => response.end('all'));
    const aborting = new AbortController();
    const { signal } = aborting;
    const egress = egressFor();
    for (let turn = 0; turn < 3; turn += 1) {
      const answer = await egress.request({ url: upstream.url, trust: 'declared', signal });
      expect(await answer.text()).toBe('all');
      expect(getEventListeners(signal, 'abort')).toEqual([]);
    }
    aborting.abort(reason);
    expect(upstream.openConnections()).toBeGreaterThan(0);
  });

  test('of a request that waits for a connection does not send it, and spares the connection', async () => {
    const paths: (string | undefined)[] = [];
    const waiting: (() => void)[] = [];
    const upstream = await serve((request, response) => {
      paths.push(request.url);
      if (request.url === '/hold') waiting.push(() => response.end());
      else response.end('next');
    });
    const egress = egressFor();
    const get = (path: string, signal?: AbortSignal) =>
      egress.request({ url: new URL(path, upstream.url), trust: 'declared', ...(signal ? { signal } : {}) });
    const held = Array.from({ length: 32 }, () => get('/hold'));
    const aborting = new AbortController();
    const queued = rejection(get('/queued', aborting.signal));
    const next = get('/next');
    aborting.abort(reason);
    expect(await queued).toBe(reason);
    while (waiting.length < 32) await new Promise((resolve) => setImmediate(resolve));
    for (const end of waiting) end();
    await Promise.all(held.map(async (answer) => (await answer).text()));
    expect(await (await next).text()).toBe('next');
    expect(paths).not.toContain('/queued');
    expect(upstream.connections()).toBe(32);
  });
});

test('what cannot be parsed is in no error: it may repeat what was sent', async () => {
  const upstream = await onRequestEcho();
  const error = await failureOf({ url: upstream.url, headers: { authorization: 'Bearer canary-3e90' } });
  expect(error).toMatchObject({ reason: 'network', cause: { name: 'HTTPParserError' } });
  expect(inspect(error, { depth: 20, showHidden: true, maxStringLength: null })).not.toContain('canary-3e90');
});
