import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { egressFor, listen, rejection, serve } from './upstream.ts';

test.each([
  ['a line feed', 'x-name', 'hidden\nx-more: 1'],
  ['a carriage return', 'x-name', 'hidden\rx-more: 1'],
  ['both', 'authorization', 'Bearer hidden\r\n\r\nGET / HTTP/1.1'],
  ['a null character', 'x-name', 'hidden\0'],
  ['a character beyond Latin-1', 'x-name', 'hidden \u560a\u560d'],
])('a value with %s is refused, and not quoted', async (_, name, value) => {
  const upstream = await listen(createServer((socket) => socket.end()));
  const error = await rejection(
    egressFor().request({ url: upstream.url, trust: 'declared', headers: { [name]: value } }),
  );
  expect(error).toMatchObject({ code: 'INPUT_INVALID', reason: 'invalid', sent: false, retryable: false });
  expect(String(error)).toContain(name);
  expect(String(error)).not.toContain('hidden');
  expect(upstream.connections()).toBe(0);
});

test.each([
  'Host',
  'content-length',
  'Connection',
  'keep-alive',
  'Proxy-Authorization',
  'te',
  'trailer',
  'Transfer-Encoding',
  'upgrade',
  'expect',
  'x y',
  'x:y',
  'x\r\ny',
  '',
])('the name %j is refused, also the second time', async (name) => {
  const egress = egressFor();
  for (let turn = 0; turn < 2; turn += 1)
    expect(
      await rejection(
        egress.request({ url: new URL('https://127.0.0.1:1/'), trust: 'declared', headers: { [name]: 'x' } }),
      ),
    ).toMatchObject({ code: 'MANIFEST_INVALID', reason: 'invalid', sent: false });
});

test('other names and values arrive as they are', async () => {
  const upstream = await serve((request, response) => response.end(JSON.stringify(request.rawHeaders)));
  const headers = { 'X-Name': 'tab\tand é', "x!#$%&'*+.^_`|~0": '' };
  const egress = egressFor();
  for (let turn = 0; turn < 2; turn += 1) {
    const answer = await egress.request({ url: upstream.url, trust: 'declared', headers });
    const raw = JSON.parse(await answer.text()) as string[];
    expect(raw).toEqual(expect.arrayContaining(['X-Name', 'tab\tand é', "x!#$%&'*+.^_`|~0", '']));
  }
});

test.each(['CONNECT', 'trace', 'GET /', 'x\r\ny', ''])('the method %j is refused', async (method) => {
  const error = await rejection(
    egressFor().request({ url: new URL('https://127.0.0.1:1/'), trust: 'declared', method }),
  );
  expect(error).toMatchObject({ code: 'MANIFEST_INVALID', reason: 'invalid', sent: false });
});

test('frozen headers are checked once, others each time', async () => {
  const upstream = await serve((request, response) => void response.end(request.headers['x-name']));
  const egress = egressFor();
  const send = (headers: Record<string, string>) => egress.request({ url: upstream.url, trust: 'declared', headers });
  const frozen = Object.freeze({ 'x-name': 'same' });
  const open = { 'x-name': 'first' };
  for (const headers of [frozen, open, frozen]) expect(await (await send(headers)).text()).toBe(headers['x-name']);
  open['x-name'] = 'second';
  expect(await (await send(open)).text()).toBe('second');
  open['x-name'] = 'bad\n';
  expect(await rejection(send(open))).toMatchObject({ reason: 'invalid' });
});
