import { FaultProxy } from '@capstan/provider-testkit';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';

const echo = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});
let proxy: FaultProxy;
const clients: Socket[] = [];

beforeEach(async () => {
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
  proxy = await FaultProxy.start((echo.address() as AddressInfo).port);
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await proxy[Symbol.asyncDispose]();
  await new Promise((resolve) => echo.close(resolve));
});

async function open(): Promise<Socket> {
  const client = connect(proxy.port, '127.0.0.1');
  clients.push(client);
  await once(client, 'connect');
  return client;
}

async function told(client: Socket, text: string): Promise<string> {
  let heard = '';
  client.on('data', (chunk) => (heard += String(chunk)));
  client.write(text);
  while (heard.length < text.length) await once(client, 'data');
  return heard;
}

it('passes on what both sides say', async () => {
  expect(await told(await open(), 'hello')).toBe('hello');
});

it('passes on all of it in crumbs', async () => {
  proxy.crumble(2);
  expect(await told(await open(), 'hello again')).toBe('hello again');
});

it('keeps answers back until they are released', async () => {
  const client = await open();
  const release = proxy.hold();
  const answer = told(client, 'held');
  const other = await open();
  expect(client.bytesRead).toBe(0);
  release();
  expect(await answer).toBe('held');
  expect(await told(other, 'after')).toBe('after');
});

it('resets connections', async () => {
  const client = await open();
  await told(client, 'hello');
  const failed = once(client, 'close').catch((error: unknown) => error);
  proxy.cut('reset');
  expect(await failed).toMatchObject({ code: 'ECONNRESET' });
});

it('ends connections as an upstream does that says no more', async () => {
  const client = await open();
  await told(client, 'hello');
  const ended = once(client, 'end');
  proxy.cut('end');
  expect(await ended).toEqual([]);
});

it('refuses connections, and takes them again at the same port', async () => {
  const { port } = proxy;
  await proxy.refuse();
  await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await proxy.accept();
  expect(proxy.port).toBe(port);
  expect(await told(await open(), 'back')).toBe('back');
});
