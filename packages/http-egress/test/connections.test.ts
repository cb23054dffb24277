import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { Server, Socket } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { certificate } from './certificate.ts';
import { egressFor, listen, rejection, serve } from './upstream.ts';

const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('uses a connection again', async () => {
  const upstream = await serve((_, response) => response.end('x'));
  const egress = egressFor();
  for (let turn = 0; turn < 20; turn += 1) {
    const answer = await egress.request({ url: upstream.url, trust: 'declared' });
    expect(await answer.text()).toBe('x');
    await turns(2);
  }
  expect(upstream.connections()).toBe(1);
});

test('takes new connections after five minutes, and lets a request under way end on the old one', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const late = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const upstream = await serve((request, response) => {
    if (request.url !== '/late') return void response.end('x');
    arrived.resolve();
    void late.promise.then(() => response.end('late'));
  });
  const egress = egressFor();
  const ask = async (path: string) => egress.request({ url: new URL(path, upstream.url), trust: 'declared' });
  await (await ask('/')).text();
  vi.advanceTimersByTime(299_000);
  const underWay = ask('/late');
  await arrived.promise;
  const before = upstream.connections();
  vi.advanceTimersByTime(2000);
  await (await ask('/')).text();
  expect(upstream.connections()).toBe(before + 1);
  late.resolve();
  expect(await (await underWay).text()).toBe('late');
  await expect.poll(() => upstream.openConnections()).toBe(1);
});

test('streams that last hold no connection that others wait for', async () => {
  const upstream = await serve((request, response) => {
    if (request.url === '/other') response.end('passed');
    else response.write('on and on');
  });
  const egress = egressFor();
  const request = { url: upstream.url, trust: 'declared', lasting: true } as const;
  const streams = await Promise.all(Array.from({ length: 40 }, () => egress.request(request)));
  const url = new URL('/other', upstream.url);
  expect(await (await egress.request({ url, trust: 'declared' })).text()).toBe('passed');
  for (const stream of streams) stream.cancel();
});

test('an urgent request passes those that hold every connection', async () => {
  const upstream = await serve((request, response) => {
    if (request.url === '/urgent') response.end('passed');
  });
  const egress = egressFor();
  const given = new AbortController();
  const held = Array.from({ length: 40 }, () =>
    egress.request({ url: upstream.url, trust: 'declared', signal: given.signal }).catch(() => undefined),
  );
  await expect.poll(() => upstream.openConnections()).toBe(32);
  const url = new URL('/urgent', upstream.url);
  expect(await (await egress.request({ url, trust: 'declared', urgent: true })).text()).toBe('passed');
  given.abort();
  await Promise.all(held);
});

test('opens at most 32 connections to an origin', async () => {
  let open = 0;
  let most = 0;
  const upstream = await serve((_, response) => {
    open += 1;
    most = Math.max(most, open);
    setImmediate(() => {
      open -= 1;
      response.end('x');
    });
  });
  const egress = egressFor();
  const answers = Array.from({ length: 200 }, async () =>
    (await egress.request({ url: upstream.url, trust: 'declared' })).text(),
  );
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['x']));
  expect(most).toBeLessThanOrEqual(32);
  expect(upstream.connections()).toBe(32);
});

test('refuses more than 1,024 requests that wait for a connection, given up or not', async () => {
  const upstream = await serve(() => undefined);
  const egress = egressFor();
  const errors: unknown[] = [];
  const ask = (signal: AbortSignal) =>
    egress.request({ url: upstream.url, trust: 'declared', signal }).catch((error: unknown) => errors.push(error));
  const aborting = new AbortController();
  const all = Array.from({ length: 1_024 }, () => ask(aborting.signal));
  while (upstream.connections() < 32) await turns(1);
  await turns(10);
  all.push(...Array.from({ length: 32 }, () => ask(aborting.signal)));
  expect(errors).toEqual([]);
  all.push(ask(aborting.signal));
  await turns(1);
  expect(errors).toMatchObject([{ code: 'OVERLOADED', sent: false, retryable: true, retryAfterMs: 1_000 }]);
  aborting.abort();
  await Promise.all(all);
});

describe('close', () => {
  test('ends idle connections and requests under way, and takes no more', async () => {
    const upstream = await serve((request, response) => {
      if (request.url === '/quick') response.end('x');
      else if (request.url === '/body') response.write('half');
    });
    const egress = egressFor();
    const get = (path: string) => egress.request({ url: new URL(path, upstream.url), trust: 'declared' });
    const held = rejection(get('/held'));
    const body = await get('/body');
    const text = rejection(body.text());
    expect(await (await get('/quick')).text()).toBe('x');
    await egress.close();
    expect(await held).toMatchObject({ code: 'CLOSED', sent: true });
    expect(await text).toMatchObject({ code: 'CLOSED', sent: true });
    expect(await rejection(get('/quick'))).toMatchObject({ code: 'CLOSED', sent: false });
    await upstream.drained();
    await egress.close();
  });

  test('does not wait for a name that is never resolved', async () => {
    const sockets: Socket[] = [];
    const onSocket = (message: unknown) => sockets.push((message as { readonly socket: Socket }).socket);
    subscribe('net.client.socket', onSocket);
    onTestFinished(() => void unsubscribe('net.client.socket', onSocket));
    const egress = egressFor({ lookup: () => undefined });
    const request = rejection(
      egress.request({ url: new URL('http://silent.example/'), trust: 'declared', allowInsecure: true }),
    );
    await turns(2);
    expect(sockets.map((socket) => socket.destroyed)).toEqual([false]);
    await egress.close();
    expect(await request).toMatchObject({ code: 'CLOSED', sent: false });
    expect(sockets.map((socket) => socket.destroyed)).toEqual([true]);
  });
});

describe('HTTP/2', () => {
  const trusted = getCACertificates();
  beforeAll(() => setDefaultCACertificates([...trusted, certificate.cert]));
  afterAll(() => setDefaultCACertificates(trusted));

  const serveHttp2 = (handler: Parameters<Http2SecureServer['on']>[1]) => {
    const server = createSecureServer({ ...certificate, allowHTTP1: false }).on('request', handler);
    // A TLS server is a server of `net`, which its type does not say.
    return listen(server as unknown as Server, 'https');
  };

  test('serves concurrent requests on one connection', async () => {
    const upstream = await serveHttp2((request, response) =>
      response.writeHead(200, { 'X-Version': request.httpVersion }).end('two'),
    );
    const egress = egressFor();
    const answers = await Promise.all(
      Array.from({ length: 32 }, async () => {
        const answer = await egress.request({ url: upstream.url, trust: 'declared', method: 'POST', body: 'x' });
        return [answer.status, answer.headers['x-version'], await answer.text()];
      }),
    );
    expect(answers).toEqual(Array.from({ length: 32 }, () => [200, '2.0', 'two']));
    expect(upstream.connections()).toBe(1);
  });

  test('guards, counts what was sent and holds the caps like HTTP/1.1', async () => {
    const upstream = await serveHttp2((request, response) => {
      if (request.url === '/bomb')
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000)));
      else if (request.url === '/drop') response.stream.session?.destroy();
      else response.writeHead(302, { location: 'https://other.example/' }).end();
    });
    const egress = egressFor();
    const failure = async (path: string, trust: 'declared' | 'derived') =>
      rejection(egress.request({ url: new URL(path, upstream.url), trust }).then((answer) => answer.text()));
    expect(await failure('/bomb', 'derived')).toMatchObject({ reason: 'egress', sent: false });
    expect(await failure('/bomb', 'declared')).toMatchObject({ reason: 'too_large', sent: true });
    expect(await failure('/drop', 'declared')).toMatchObject({ reason: 'network', sent: true });
    expect(await failure('/redirect', 'declared')).toMatchObject({ reason: 'redirect', sent: false });
  });

  test('an abort ends its stream and spares the others', async () => {
    const upstream = await serveHttp2((request, response) => {
      response.write('first');
      if (request.url === '/whole') response.end('last');
    });
    const egress = egressFor();
    const aborting = new AbortController();
    const get = (path: string, signal?: AbortSignal) =>
      egress.request({ url: new URL(path, upstream.url), trust: 'declared', ...(signal ? { signal } : {}) });
    const [held, whole] = await Promise.all([get('/held', aborting.signal), get('/whole')]);
    const text = rejection(held.text());
    aborting.abort('enough');
    expect(await text).toBe('enough');
    expect(await whole.text()).toBe('firstlast');
    const cancelled = await get('/held');
    cancelled.cancel();
    expect(await (await get('/whole')).text()).toBe('firstlast');
    expect(upstream.connections()).toBe(1);
  });

  test('an upstream waits while nobody reads, and all of its body comes', async () => {
    const body = Buffer.alloc(4 * 1024 * 1024, 'x');
    const upstream = await serveHttp2((_, response) => response.end(body));
    const answer = await egressFor().request({ url: upstream.url, trust: 'declared' });
    await turns(200);
    expect(await answer.text()).toHaveLength(body.length);
  });
});
