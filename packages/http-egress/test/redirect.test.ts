import { describe, expect, test } from 'vitest';
import { bodyOf, egressFor, rejection, serve } from './upstream.ts';

const secrets = {
  authorization: 'Bearer secret',
  cookie: 'session=secret',
  'x-api-key': 'secret',
  'mcp-session-id': 'secret',
};

/** Redirects `/from` to `location`, and says at every other path what it was asked. */
const redirecting = (status: number, location: string) =>
  serve((request, response) => {
    if (request.url === '/from') return response.writeHead(status, { location }).end('moved');
    return void bodyOf(request).then((body) =>
      response.end(
        JSON.stringify({ method: request.method, url: request.url, body, key: request.headers['x-api-key'] }),
      ),
    );
  });

describe('S9: to another origin', () => {
  const statuses = [301, 302, 303, 307, 308];
  const send = async (status: number, method: string) => {
    const other = await serve((_, response) => response.end());
    const upstream = await redirecting(status, `http://127.0.0.1:${other.port}/stolen?with=secret`);
    const outcome = egressFor().request({
      url: new URL('/from', upstream.url),
      trust: 'declared',
      method,
      headers: secrets,
      ...(method === 'POST' || method === 'PUT' ? { body: 'secret' } : {}),
    });
    return { other, outcome };
  };

  const refused = [
    ...statuses.flatMap((status) => ['GET', 'HEAD'].map((method) => [status, method] as const)),
    ...[307, 308].flatMap((status) => ['POST', 'PUT', 'DELETE'].map((method) => [status, method] as const)),
  ];
  test.each(refused)('%d after %s is refused, and nothing arrives there', async (status, method) => {
    const { other, outcome } = await send(status, method);
    const error = await rejection(outcome);
    expect(error).toMatchObject({ code: 'UPSTREAM_ERROR', reason: 'redirect', sent: false, retryable: false });
    expect(String(error)).toContain(`http://127.0.0.1:${other.port}`);
    expect(String(error)).not.toContain('secret');
    expect(other.connections()).toBe(0);
  });

  const returned = [301, 302, 303].flatMap((status) =>
    ['POST', 'PUT', 'DELETE'].map((method) => [status, method] as const),
  );
  test.each(returned)('%d after %s is the answer, and nothing arrives there', async (status, method) => {
    const { other, outcome } = await send(status, method);
    const answer = await outcome;
    expect([answer.status, await answer.text()]).toEqual([status, 'moved']);
    expect(other.connections()).toBe(0);
  });

  test.each([
    'https://127.0.0.1/',
    'file:///etc/passwd',
    'http://169.254.169.254/latest',
    '//other.example/',
    'http://[',
  ])('refuses %s', async (location) => {
    const upstream = await redirecting(302, location);
    const error = await rejection(egressFor().request({ url: new URL('/from', upstream.url), trust: 'declared' }));
    expect(error).toMatchObject({ reason: 'redirect', sent: false });
  });

  test('refuses user info in the target', async () => {
    const upstream = await serve((request, response) =>
      response.writeHead(302, { location: `http://user:hidden@${request.headers.host}/` }).end(),
    );
    const error = await rejection(egressFor().request({ url: upstream.url, trust: 'declared' }));
    expect(error).toMatchObject({ reason: 'redirect' });
    expect(String(error)).not.toContain('hidden');
  });
});

describe('on the same origin', () => {
  test.each([301, 302, 303, 307, 308])('%d after GET is followed with the headers', async (status) => {
    const upstream = await redirecting(status, '/to?x=1');
    const answer = await egressFor().request({
      url: new URL('/from', upstream.url),
      trust: 'declared',
      headers: secrets,
    });
    expect(answer.url.href).toBe(new URL('/to?x=1', upstream.url).href);
    expect(JSON.parse(await answer.text())).toEqual({ method: 'GET', url: '/to?x=1', body: '', key: 'secret' });
  });

  test.each([307, 308])('%d after POST is followed with the body', async (status) => {
    const upstream = await redirecting(status, '/to');
    const answer = await egressFor().request({
      url: new URL('/from', upstream.url),
      trust: 'declared',
      method: 'POST',
      body: 'once',
    });
    expect(JSON.parse(await answer.text())).toMatchObject({ method: 'POST', url: '/to', body: 'once' });
  });

  test.each([301, 302, 303])('%d after POST is the answer', async (status) => {
    const upstream = await redirecting(status, '/to');
    const answer = await egressFor().request({
      url: new URL('/from', upstream.url),
      trust: 'declared',
      method: 'POST',
      body: 'once',
    });
    expect([answer.status, answer.headers['location'], await answer.text()]).toEqual([status, '/to', 'moved']);
  });

  test('with `none` every redirect is the answer', async () => {
    const upstream = await redirecting(302, 'https://other.example/');
    const answer = await egressFor().request({
      url: new URL('/from', upstream.url),
      trust: 'declared',
      redirect: 'none',
    });
    expect(answer.status).toBe(302);
    answer.cancel();
  });

  test('the third redirect is followed, the fourth is not', async () => {
    const upstream = await serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) return response.end('there');
      return response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    const egress = egressFor();
    const follow = (hops: number) => egress.request({ url: new URL(`/${hops}`, upstream.url), trust: 'declared' });
    expect(await (await follow(3)).text()).toBe('there');
    expect(await rejection(follow(4))).toMatchObject({ reason: 'redirect', sent: false });
  });

  test('a redirect with an endless body is followed all the same', async () => {
    const upstream = await serve((request, response) => {
      if (request.url === '/to') return response.end('there');
      response.writeHead(302, { location: '/to' });
      const write = (): unknown => (response.destroyed ? undefined : response.write('x'.repeat(16_384), () => write()));
      return write();
    });
    const answer = await egressFor().request({ url: upstream.url, trust: 'declared' });
    expect(await answer.text()).toBe('there');
  });

  test('an abort between two hops ends the request', async () => {
    const aborting = new AbortController();
    const upstream = await serve((_, response) => {
      response.writeHead(302, { location: '/to' });
      response.write('not over');
      setImmediate(() => aborting.abort('enough'));
    });
    const error = await rejection(
      egressFor().request({ url: upstream.url, trust: 'declared', signal: aborting.signal }),
    );
    expect(error).toBe('enough');
    await upstream.drained();
  });

  test('a redirect without a target is the answer', async () => {
    const upstream = await serve((_, response) => response.writeHead(302).end('where to?'));
    const answer = await egressFor().request({ url: upstream.url, trust: 'declared' });
    expect([answer.status, await answer.text()]).toEqual([302, 'where to?']);
  });
});
