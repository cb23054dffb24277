import { createServer } from 'node:http';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createEgress, EgressError, type HandshakeFailure, type WebSocketRules } from '@capstan/http-egress';
import { certificate } from './certificate.ts';
import { egressFor, listen, serve, type Upstream } from './upstream.ts';
import { packedFrame, serveWebSockets, textFrame } from './websocket-upstream.ts';

const declared: WebSocketRules = { trust: 'declared' };
const addressOf = ({ url }: Upstream, path = '/graphql') => new URL(path, url).href.replace('http', 'ws');

interface Listened {
  addEventListener(type: string, listener: (event: unknown) => void): void;
}
const next = <Event = unknown>(socket: Listened, type: string): Promise<Event> =>
  new Promise((resolve) => socket.addEventListener(type, (event) => resolve(event as Event)));

const thrownBy = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('It was expected to throw.');
};

test('speaks to a declared server, with protocol and headers', async () => {
  const upstream = await serveWebSockets();
  const WebSocket = egressFor().webSocketAs({ ...declared, headers: { Authorization: 'Bearer secret' } });
  const socket = new WebSocket(addressOf(upstream), 'graphql-transport-ws');
  expect(await next(socket, 'message')).toMatchObject({ data: 'hello' });
  expect(socket.protocol).toBe('graphql-transport-ws');
  socket.send('echo');
  expect(await next(socket, 'message')).toMatchObject({ data: 'echo' });
  socket.close();
  expect(await next(socket, 'close')).toMatchObject({ code: 1000 });
  expect(upstream.handshakes[0]).toMatchObject({ url: '/graphql', headers: { authorization: 'Bearer secret' } });
});

test('has what libraries look for in the class', () => {
  const WebSocket = egressFor().webSocketAs(declared);
  expect([WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED]).toEqual([0, 1, 2, 3]);
});

describe('over TLS', () => {
  const before = getCACertificates('default');
  beforeAll(() => setDefaultCACertificates([...before, certificate.cert]));
  afterAll(() => setDefaultCACertificates(before));

  test('speaks HTTP/1.1, though the server prefers HTTP/2', async () => {
    const upstream = await serveWebSockets({ tls: true });
    const WebSocket = egressFor().webSocketAs(declared);
    expect(await next(new WebSocket(addressOf(upstream)), 'message')).toMatchObject({ data: 'hello' });
    expect(upstream.handshakes[0]?.httpVersion).toBe('1.1');
  });
});

describe('refuses', () => {
  test.each<[string, string, object, WebSocketRules]>([
    ['a private address', 'wss://169.254.169.254/', { code: 'FORBIDDEN', reason: 'egress' }, declared],
    ['loopback in a derived URL', 'ws://127.0.0.1:1/', { reason: 'egress' }, { trust: 'derived' }],
    ['an address in another spelling', 'wss://0x7f000001/', { reason: 'egress' }, { trust: 'derived' }],
    ['what is not encrypted', 'ws://api.example.com/', { reason: 'invalid' }, declared],
    ['a password in the URL', 'wss://user:hidden@api.example.com/', { reason: 'invalid' }, declared],
    ['another scheme', 'ftp://api.example.com/', { reason: 'invalid' }, declared],
    ['what is no URL', 'hidden', { reason: 'invalid' }, declared],
    [
      'a header with a line break',
      'wss://api.example.com/',
      { reason: 'invalid' },
      { ...declared, headers: { 'x-name': 'hidden\n' } },
    ],
  ])('%s', (_, url, expected, rules) => {
    const WebSocket = egressFor().webSocketAs(rules);
    const error = thrownBy(() => new WebSocket(url));
    expect(error).toBeInstanceOf(EgressError);
    expect(error).toMatchObject({ ...expected, sent: false });
    expect(String(error)).not.toContain('hidden');
  });

  test('a name that resolves to a private address', async () => {
    const upstream = await serveWebSockets();
    const egress = egressFor({ lookup: (_, __, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]) });
    const WebSocket = egress.webSocketAs({ ...declared, allowInsecure: true });
    const socket = new WebSocket(`ws://api.example.com:${upstream.port}/`);
    const errors = next(socket, 'error');
    expect(await next(socket, 'close')).toMatchObject({ code: 1006 });
    await errors;
    expect(upstream.connections()).toBe(0);
  });

  test('a redirect', async () => {
    const other = await serveWebSockets();
    const upstream = await serve((_, response) => response.writeHead(302, { location: addressOf(other) }).end());
    const WebSocket = egressFor().webSocketAs(declared);
    expect(await next(new WebSocket(addressOf(upstream)), 'close')).toMatchObject({ code: 1006 });
    expect(other.connections()).toBe(0);
  });

  test.each([
    ['in one piece', false, textFrame],
    ['packed', true, packedFrame],
  ])('a message that is too large, %s', async (_, packs, frameOf) => {
    const upstream = await serveWebSockets({ packs, talk: (socket) => socket.write(frameOf('x'.repeat(100_000))) });
    const egress = egressFor();
    const within = egress.webSocketAs({ ...declared, maxMessageBytes: 100_000 });
    expect(await next<{ data: string }>(new within(addressOf(upstream)), 'message')).toMatchObject({
      data: 'x'.repeat(100_000),
    });
    const WebSocket = egress.webSocketAs({ ...declared, maxMessageBytes: 99_999 });
    const socket = new WebSocket(addressOf(upstream));
    const heard: unknown[] = [];
    socket.addEventListener('message', (event) => heard.push(event));
    await next(socket, 'close');
    expect(heard).toEqual([]);
  });

  test('a dispatcher and headers of the caller', async () => {
    const upstream = await serveWebSockets();
    const WebSocket = egressFor().webSocketAs(declared);
    const socket = new WebSocket(addressOf(upstream), {
      protocols: 'mine',
      headers: { 'x-name': 'mine' },
      dispatcher: { dispatch: () => expect.unreachable() } as never,
    });
    await next(socket, 'message');
    expect(upstream.handshakes[0]?.headers['x-name']).toBeUndefined();
    expect(socket.protocol).toBe('mine');
  });
});

describe('a handshake that fails tells why', () => {
  const failureOf = async (url: string, egress = egressFor()) => {
    const failures: HandshakeFailure[] = [];
    const WebSocket = egress.webSocketAs({
      ...declared,
      allowInsecure: true,
      onHandshakeFailure: (failure) => failures.push(failure),
    });
    await next(new WebSocket(url), 'close');
    return failures;
  };

  test.each([401, 200, 302])('by its status %d', async (status) => {
    let handshakes = 0;
    const upstream = await serve((_, response) => {
      handshakes += 1;
      response.writeHead(status, { location: '/' }).end();
    });
    expect(await failureOf(addressOf(upstream))).toEqual([{ status }]);
    expect(handshakes).toBe(1);
  });

  test('by what the connection said', async () => {
    const broken = await serve((request) => request.socket.destroy());
    expect(await failureOf(addressOf(broken))).toMatchObject([{ error: { reason: 'network', sent: true } }]);
    const egress = egressFor({ lookup: (_, __, callback) => callback(null, [{ address: '10.0.0.1', family: 4 }]) });
    expect(await failureOf('ws://api.example.com/', egress)).toMatchObject([
      { error: { reason: 'egress', code: 'FORBIDDEN', sent: false } },
    ]);
  });

  test('by an agreement that is none, whose connection is given up', async () => {
    const server = createServer();
    server.on('upgrade', (_, socket) => {
      socket.on('error', () => undefined);
      socket.on('end', () => socket.end()).resume();
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: odd\r\n\r\n',
      );
    });
    const upstream = await listen(server);
    expect(await failureOf(addressOf(upstream))).toMatchObject([{ error: { reason: 'network', sent: true } }]);
    await upstream.drained();
  });

  test('and not where it succeeds', async () => {
    const upstream = await serveWebSockets({ talk: (socket) => socket.end() });
    expect(await failureOf(addressOf(upstream))).toEqual([]);
  });
});

describe('closing egress', () => {
  test('ends open WebSockets, and those that are being opened', async () => {
    const upstream = await serveWebSockets();
    const silent = await serve(() => undefined);
    const egress = createEgress();
    const WebSocket = egress.webSocketAs(declared);
    const open = new WebSocket(addressOf(upstream));
    await next(open, 'open');
    const opening = new WebSocket(addressOf(silent));
    await expect.poll(() => silent.openConnections()).toBe(1);
    const closed = [next(open, 'close'), next(opening, 'close')];
    await egress.close();
    await Promise.all([...closed, upstream.drained(), silent.drained()]);
    expect(thrownBy(() => new WebSocket(addressOf(upstream)))).toMatchObject({ code: 'CLOSED' });
  });
});
