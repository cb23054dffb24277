import { getEventListeners } from 'node:events';
import { describe, expect, test } from 'vitest';
import { bodyOf, egressFor, rejection, serve } from './upstream.ts';

const echo = () =>
  serve((request, response) => {
    void bodyOf(request).then((body) =>
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body })),
    );
  });

const declared = () => egressFor().fetchAs({ trust: 'declared' });

interface Echo {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

describe('takes what fetch takes', () => {
  test.each([
    ['text', 'a=b', 'text/plain;charset=UTF-8'],
    ['URLSearchParams', new URLSearchParams({ a: 'b' }), 'application/x-www-form-urlencoded;charset=UTF-8'],
    ['Uint8Array', new TextEncoder().encode('a=b'), undefined],
    ['ArrayBuffer', new TextEncoder().encode('a=b').buffer, undefined],
    ['Blob', new Blob(['a=b'], { type: 'text/x' }), 'text/x'],
  ])('a body of %s', async (_, body, type) => {
    const upstream = await echo();
    const response = await declared()(upstream.url.href, { method: 'POST', body });
    const { method, headers, body: received } = (await response.json()) as Echo;
    expect([method, headers['content-type'], received]).toEqual(['POST', type, 'a=b']);
  });

  test.each([
    ['a record', { 'X-Name': 'one', 'content-type': 'application/json' }],
    [
      'pairs',
      [
        ['x-name', 'one'],
        ['Content-Type', 'application/json'],
      ] as [string, string][],
    ],
    ['Headers', new Headers({ 'x-name': 'one', 'content-type': 'application/json' })],
  ])('headers as %s', async (_, headers) => {
    const upstream = await echo();
    const response = await declared()(upstream.url, { method: 'POST', body: '{}', headers });
    const received = (await response.json()) as Echo;
    expect(received.headers).toMatchObject({ 'x-name': 'one', 'content-type': 'application/json' });
  });

  test('a Request', async () => {
    const upstream = await echo();
    const request = new Request(new URL('/path?x', upstream.url), {
      method: 'PUT',
      body: 'whole',
      headers: { 'x-name': 'one' },
    });
    const response = await declared()(request);
    expect(await response.json()).toMatchObject({
      method: 'PUT',
      url: '/path?x',
      body: 'whole',
      headers: { 'x-name': 'one' },
    });
    const changed = await declared()(new Request(upstream.url, { headers: { a: 'b' } }), { method: 'DELETE' });
    expect(await changed.json()).toMatchObject({ method: 'DELETE', headers: { a: 'b' } });
  });

  test('a value with a line break is refused, and not quoted', async () => {
    const error = await rejection(declared()('https://127.0.0.1:1/', { headers: { 'x-name': 'hidden\n' } }));
    expect(error).toMatchObject({ code: 'INPUT_INVALID', reason: 'invalid' });
    expect(String(error)).not.toContain('hidden');
  });
});

describe('answers what fetch answers', () => {
  test('status, headers, url and body', async () => {
    const upstream = await serve((_, response) =>
      response.writeHead(418, { 'set-cookie': ['a=1', 'b=2'], 'X-Name': 'one' }).end('short'),
    );
    const response = await declared()(upstream.url);
    expect([response.status, response.ok, response.url]).toEqual([418, false, upstream.url.href]);
    expect(response.headers.get('x-name')).toBe('one');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(response).toBeInstanceOf(Response);
    expect(await response.text()).toBe('short');
  });

  test.each([204, 304])('no body for %d', async (status) => {
    const upstream = await serve((_, response) => response.writeHead(status).end());
    expect((await declared()(upstream.url)).body).toBeNull();
  });

  test('a body that streams', async () => {
    let next: (() => void) | undefined;
    const upstream = await serve((_, response) => {
      response.write('data: 1\n\n');
      next = () => response.end('data: 2\n\n');
    });
    const response = await declared()(upstream.url);
    const parts: string[] = [];
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      parts.push(part);
      next?.();
    }
    expect(parts).toEqual(['data: 1\n\n', 'data: 2\n\n']);
  });

  test('a large body, whole, and the connection is used again', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024, 'x');
    const upstream = await serve((_, response) => response.end(body));
    const fetch = declared();
    for (let turn = 0; turn < 2; turn += 1) {
      expect((await (await fetch(upstream.url)).bytes()).length).toBe(body.length);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(upstream.connections()).toBe(1);
  });

  test('a large body whose reader comes late, whole', async () => {
    const body = Buffer.alloc(8 * 1024 * 1024, 'x');
    const upstream = await serve((_, response) => response.end(body));
    const response = await declared()(upstream.url);
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect((await response.bytes()).length).toBe(body.length);
  });

  test('a small body that nobody reads holds no connection', async () => {
    const upstream = await serve((_, response) => response.end('x'.repeat(20_000)));
    const fetch = declared();
    for (let turn = 0; turn < 5; turn += 1) {
      expect((await fetch(upstream.url)).ok).toBe(true);
      for (let wait = 0; wait < 5; wait += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(upstream.connections()).toBe(1);
  });
});

describe('ends what it opened', () => {
  const endless = () => serve((_, response) => response.write('x'.repeat(1_000)));

  test('where the body is cancelled', async () => {
    const upstream = await endless();
    const aborting = new AbortController();
    const response = await declared()(upstream.url, { signal: aborting.signal });
    await response.body?.cancel();
    await upstream.drained();
    expect(getEventListeners(aborting.signal, 'abort')).toEqual([]);
  });

  test('where the signal aborts', async () => {
    const upstream = await endless();
    const aborting = new AbortController();
    const response = await declared()(upstream.url, { signal: aborting.signal });
    const text = rejection(response.text());
    aborting.abort('enough');
    expect(await text).toBe('enough');
    await upstream.drained();
  });

  test('where the body is too large', async () => {
    const upstream = await serve((_, response) => response.end('x'.repeat(200)));
    const response = await egressFor().fetchAs({ trust: 'declared', maxBytes: 100 })(upstream.url);
    expect(await rejection(response.text())).toMatchObject({ reason: 'too_large' });
    await upstream.drained();
  });
});

describe('keeps the rules', () => {
  test('of the guard', async () => {
    const upstream = await echo();
    const fetch = egressFor().fetchAs({ trust: 'derived' });
    expect(await rejection(fetch(upstream.url))).toMatchObject({ code: 'FORBIDDEN', reason: 'egress' });
    expect(upstream.connections()).toBe(0);
  });

  test('of redirects, unless the caller wants none', async () => {
    const other = await echo();
    const upstream = await serve((_, response) => response.writeHead(307, { location: other.url.href }).end());
    const fetch = declared();
    const init = { method: 'POST', body: 'hidden', headers: { 'x-api-key': 'hidden' } };
    expect(await rejection(fetch(upstream.url, init))).toMatchObject({ reason: 'redirect' });
    const manual = await fetch(upstream.url, { ...init, redirect: 'manual' });
    expect([manual.status, manual.headers.get('location')]).toEqual([307, other.url.href]);
    expect(await rejection(fetch(upstream.url, { ...init, redirect: 'error' }))).toMatchObject({ reason: 'redirect' });
    expect(other.connections()).toBe(0);
  });
});
