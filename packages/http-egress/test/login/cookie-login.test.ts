import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { type LoginDefinition, type LoginSession, openLoginSession } from '@capstan/http-egress';
import { egressFor, rejection, serve } from '../upstream.ts';
import { cookieSite, type LoginUpstream, password } from './login-upstream.ts';

const definitionOf = (upstream: Pick<LoginUpstream, 'url'>, more: Partial<LoginDefinition> = {}): LoginDefinition => ({
  login: { url: new URL('/login', upstream.url) },
  csrf: { header: 'X-CSRF', cookie: 'csrf', url: new URL('/csrf', upstream.url) },
  logout: { url: new URL('/logout', upstream.url) },
  expired: { location: /\/sign-in/ },
  ...more,
});

const fields = { user: 'anna', password };

const open = async (more: Partial<LoginDefinition> = {}) => {
  const upstream = await cookieSite();
  const egress = egressFor();
  const session = await openLoginSession({ egress, definition: definitionOf(upstream, more), fields });
  const call = async (method = 'GET', path = '/data', redirect: 'none' | 'same_origin' = 'same_origin') => {
    const url = new URL(path, upstream.url);
    const presented = session.present(url, method);
    const answer = await egress.request({ url, trust: 'declared', method, headers: presented.headers, redirect });
    const expiry = presented.answered(answer, { expectsJson: true });
    return { presented, expiry, status: answer.status, text: await answer.text() };
  };
  return { upstream, egress, session, call };
};

/** Calls, renews once where that is due, and calls again: what a provider and the pool do together. */
const callWithRenewal = async (
  session: LoginSession,
  call: Awaited<ReturnType<typeof open>>['call'],
  method = 'GET',
) => {
  const first = await call(method);
  if (first.expiry === undefined) return first;
  await session.renew({ fields, rejected: first.presented });
  return call(method);
};

describe('a request', () => {
  test('carries the cookies, and the CSRF token only where it changes something', async () => {
    const { call } = await open();
    const read = JSON.parse((await call()).text) as { headers: Record<string, string> };
    expect(read.headers['cookie']).toContain('session=');
    expect(read.headers).not.toHaveProperty('x-csrf');
    const changed = await call('POST');
    expect(changed).toMatchObject({ status: 200, expiry: undefined });
    const { headers } = JSON.parse(changed.text) as { headers: Record<string, string> };
    // What the cookie holds percent-encoded.
    expect(headers['cookie']).toContain(encodeURIComponent(headers['x-csrf'] ?? ''));
  });

  test.each(['HEAD', 'OPTIONS', 'get'])('%s carries no CSRF token', async (method) => {
    const { session, upstream } = await open();
    expect(Object.keys(session.present(upstream.url, method).headers)).toEqual(['cookie']);
  });

  test('carries a CSRF token that was read from a header', async () => {
    const upstream = await cookieSite();
    const egress = egressFor();
    const definition = definitionOf(upstream, { csrf: { header: 'x-csrf', url: new URL('/csrf', upstream.url) } });
    const session = await openLoginSession({ egress, definition, fields });
    const send = async () => {
      const presented = session.present(upstream.url, 'PUT');
      const { headers } = presented;
      const answer = await egress.request({ url: upstream.url, trust: 'declared', method: 'PUT', headers });
      return { presented, expiry: presented.answered(answer) };
    };
    expect((await send()).expiry).toBeUndefined();
    upstream.rotateCsrf();
    const { presented, expiry } = await send();
    expect(expiry).toBe('csrf');
    await session.renew({ fields, rejected: presented });
    expect((await send()).expiry).toBeUndefined();
    expect(upstream.count('POST /login')).toBe(1);
  });

  test('to another origin gets nothing, a service on another port included', async () => {
    const { session } = await open();
    const other = await serve((_, response) => response.end());
    for (const url of [other.url, new URL('https://127.0.0.1/')])
      expect(() => session.present(url, 'GET')).toThrow(
        expect.objectContaining({ code: 'MANIFEST_INVALID', message: expect.stringContaining(url.host) as string }),
      );
  });

  test('takes the cookies of answers', async () => {
    const upstream = await serve((request, response) => {
      if (request.url === '/login') response.setHeader('set-cookie', 'visit=0; Path=/');
      else response.setHeader('set-cookie', `visit=${Number(request.headers.cookie?.split('=')[1]) + 1}; Path=/`);
      response.end();
    });
    const egress = egressFor();
    const session = await openLoginSession({
      egress,
      definition: { login: { url: new URL('/login', upstream.url) } },
      fields,
    });
    for (const visit of ['visit=0', 'visit=1', 'visit=2']) {
      const presented = session.present(upstream.url, 'GET');
      expect(presented.headers).toEqual({ cookie: visit });
      const answer = await egress.request({ url: upstream.url, trust: 'declared', headers: presented.headers });
      expect(presented.answered(answer)).toBeUndefined();
    }
  });
});

describe('a login', () => {
  test('by form that answers with a redirect', async () => {
    const upstream = await cookieSite();
    await openLoginSession({
      egress: egressFor(),
      definition: definitionOf(upstream, {
        login: { url: new URL('/login', upstream.url), body: 'form', successStatus: ['302'] },
      }),
      fields,
    });
    expect(upstream.requests).toEqual(['POST /login', 'GET /csrf']);
  });

  test.each(['json', 'form'] as const)(
    'with a wrong password in %s is refused, and nothing of it is told',
    async (body) => {
      const upstream = await cookieSite();
      const error = await rejection(
        openLoginSession({
          egress: egressFor(),
          definition: definitionOf(upstream, {
            login: { url: new URL('/login?key=hidden', upstream.url), body, successStatus: ['2xx', '302'] },
            expired: { location: /sign-in/ },
          }),
          fields: { user: 'anna', password: 'hidden\nhidden' },
        }),
      );
      expect(error).toMatchObject({
        code: 'UNAUTHORIZED',
        retryable: false,
        details: { reason: 'login', sent: false },
      });
      expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hidden');
    },
  );

  test('that sets no cookie is refused', async () => {
    const upstream = await serve((_, response) => response.end('{}'));
    const opening = openLoginSession({ egress: egressFor(), definition: { login: { url: upstream.url } }, fields });
    expect(await rejection(opening)).toMatchObject({ code: 'UNAUTHORIZED' });
  });

  test('without the CSRF token that is due is refused', async () => {
    const upstream = await serve((_, response) => response.setHeader('set-cookie', 'session=1').end('{}'));
    const definition = { login: { url: upstream.url }, csrf: { header: 'x-csrf', cookie: 'csrf' } };
    const error = await rejection(openLoginSession({ egress: egressFor(), definition, fields }));
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('CSRF') as string });
  });

  test('that wants a CSRF token itself gets one first', async () => {
    const seen: unknown[] = [];
    const upstream = await serve((request, response) => {
      seen.push([request.method, request.url, request.headers['x-xsrf-token'], request.headers.cookie]);
      if (request.url === '/csrf') response.setHeader('set-cookie', 'XSRF-TOKEN=a%3D; Path=/');
      else response.setHeader('set-cookie', 'session=1; Path=/');
      response.end();
    });
    const definition = {
      login: { url: new URL('/login', upstream.url) },
      csrf: {
        header: 'X-XSRF-TOKEN',
        cookie: 'XSRF-TOKEN',
        url: new URL('/csrf', upstream.url),
        beforeLogin: true,
      },
    };
    await openLoginSession({ egress: egressFor(), definition, fields });
    expect(seen).toEqual([
      ['GET', '/csrf', undefined, undefined],
      ['POST', '/login', 'a=', 'XSRF-TOKEN=a%3D'],
      ['GET', '/csrf', undefined, 'XSRF-TOKEN=a%3D; session=1'],
    ]);
  });

  test.each([
    [429, { code: 'OVERLOADED', retryable: true, retryAfterMs: 7_000 }],
    [503, { code: 'OVERLOADED', retryable: true, retryAfterMs: 7_000 }],
    [500, { code: 'UPSTREAM_ERROR', retryable: true }],
    [404, { code: 'UPSTREAM_ERROR', retryable: false }],
    [308, { code: 'UPSTREAM_ERROR', retryable: false }],
    [400, { code: 'UNAUTHORIZED', retryable: false }],
    [401, { code: 'UNAUTHORIZED', retryable: false }],
  ])('answered with %d is %j', async (status, expected) => {
    const other = await serve((_, response) => response.end());
    const upstream = await serve((_, response) =>
      response.writeHead(status, { 'retry-after': '7', location: other.url.href }).end('hidden'),
    );
    const opening = openLoginSession({ egress: egressFor(), definition: { login: { url: upstream.url } }, fields });
    const error = await rejection(opening);
    expect(error).toMatchObject({ ...expected, details: { status, sent: false } });
    expect(String(error)).not.toContain('hidden');
    expect(other.connections()).toBe(0);
  });

  test('ends as soon as its signal aborts', async () => {
    const aborting = new AbortController();
    const upstream = await serve(() => aborting.abort('enough'));
    const opening = openLoginSession({
      egress: egressFor(),
      definition: { login: { url: upstream.url } },
      fields,
      signal: aborting.signal,
    });
    expect(await rejection(opening)).toBe('enough');
    await upstream.drained();
  });
});

describe('a session that the server ended', () => {
  test.each(['none', 'same_origin'] as const)(
    'shows in a redirect to the login page (redirect: %s)',
    async (redirect) => {
      const { upstream, call } = await open();
      upstream.killSessions();
      expect(await call('GET', '/data', redirect)).toMatchObject({ expiry: 'session' });
    },
  );

  test('shows in an HTML page where JSON was due', async () => {
    const { upstream, call } = await open({ expired: {} });
    expect((await call()).expiry).toBeUndefined();
    upstream.killSessions();
    expect((await call()).expiry).toBe('session');
  });

  test('does not show in the HTML page of an error, nor in a call to what is named like a login page', async () => {
    const { upstream, session } = await open();
    const html = { 'content-type': 'text/html' };
    const presented = session.present(upstream.url, 'GET');
    const expectsJson = { expectsJson: true };
    expect(presented.answered({ status: 404, url: upstream.url, headers: html }, expectsJson)).toBeUndefined();
    expect(presented.answered({ status: 200, url: upstream.url, headers: html }, expectsJson)).toBe('session');
    const url = new URL('/sign-ins', upstream.url);
    expect(session.present(url, 'GET').answered({ status: 200, url, headers: {} })).toBeUndefined();
  });

  test('shows in a redirect to another origin, where nothing is sent', async () => {
    const other = await serve((_, response) => response.end());
    const upstream = await serve((request, response) => {
      if (request.url === '/login') return response.setHeader('set-cookie', 'session=1').end();
      return response.writeHead(302, { location: new URL('/sso/sign-in?secret', other.url).href }).end();
    });
    const egress = egressFor();
    const definition = definitionOf(upstream, { login: { url: new URL('/login', upstream.url) } });
    const { csrf: _, ...withoutCsrf } = definition;
    const session = await openLoginSession({ egress, definition: withoutCsrf, fields });
    const presented = session.present(upstream.url, 'GET');
    const error = await rejection(egress.request({ url: upstream.url, trust: 'declared', headers: presented.headers }));
    expect(presented.failed(error)).toBe('session');
    expect(presented.failed(new Error('/sign-in'))).toBeUndefined();
    expect(inspect(error)).not.toContain('secret');
    expect(other.connections()).toBe(0);
  });

  test('leads to one new login for fifty calls', async () => {
    const { upstream, session, call } = await open();
    upstream.killSessions();
    const results = await Promise.all(Array.from({ length: 50 }, () => callWithRenewal(session, call)));
    expect(results.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(upstream.count('POST /login')).toBe(2);
    // One that comes late with the old login does not log in again.
    const late = session.present(upstream.url, 'GET');
    await session.renew({ fields, rejected: late });
    await session.renew({ fields, rejected: late });
    expect(upstream.count('POST /login')).toBe(3);
  });

  test('an answer to the old login does not touch the cookies of the new one', async () => {
    const { upstream, session, call } = await open();
    const old = session.present(upstream.url, 'GET');
    await session.renew({ fields });
    old.answered({ status: 200, url: upstream.url, headers: { 'set-cookie': 'session=; Path=/; Max-Age=0' } });
    expect((await call()).status).toBe(200);
  });
});

describe('a CSRF token that the server refuses', () => {
  test('is renewed by the CSRF call, once for all', async () => {
    const { upstream, session, call } = await open();
    upstream.rotateCsrf();
    expect((await call('POST')).expiry).toBe('csrf');
    const results = await Promise.all(Array.from({ length: 10 }, () => callWithRenewal(session, call, 'POST')));
    expect(results.map(({ status }) => status)).toEqual(Array(10).fill(200));
    expect([upstream.count('POST /login'), upstream.count('GET /csrf')]).toEqual([1, 2]);
  });

  test('is renewed by a login where the session ended too', async () => {
    const { upstream, session, call } = await open();
    upstream.rotateCsrf();
    const { presented, expiry } = await call('POST');
    expect(expiry).toBe('csrf');
    upstream.killSessions();
    await session.renew({ fields, rejected: presented });
    expect((await call('POST')).status).toBe(200);
    expect(upstream.count('POST /login')).toBe(2);
  });

  test('is no matter for a request that reads', async () => {
    const { upstream, session } = await open();
    const presented = session.present(upstream.url, 'GET');
    expect(presented.answered({ status: 403, url: upstream.url, headers: {} })).toBeUndefined();
  });
});

describe('a logout', () => {
  test('tells the upstream, and leaves nothing to present', async () => {
    const { upstream, session } = await open();
    const presented = session.present(upstream.url, 'POST');
    await session.logOut();
    await session.logOut();
    expect(upstream.count('POST /logout')).toBe(1);
    expect(presented.credentials.hasCookies()).toBe(false);
    expect(() => session.present(upstream.url, 'GET')).toThrow(expect.objectContaining({ code: 'SESSION_LOST' }));
    expect(await rejection(session.renew({ fields }))).toMatchObject({ code: 'SESSION_LOST' });
    expect(upstream.count('POST /login')).toBe(1);
  });

  test('that the upstream does not confirm is told, and ends the session all the same', async () => {
    const { upstream, session } = await open();
    upstream.rotateCsrf();
    const { credentials } = session.present(upstream.url, 'GET');
    expect(await rejection(session.logOut())).toMatchObject({ code: 'UNAUTHORIZED', details: { status: 403 } });
    expect(await rejection(session.logOut())).toMatchObject({ details: { status: 403 } });
    expect(credentials.hasCookies()).toBe(false);
    expect(upstream.count('POST /logout')).toBe(1);
  });
});

test('two sessions share no cookie', async () => {
  const { upstream, session, egress } = await open();
  const other = await openLoginSession({ egress, definition: definitionOf(upstream), fields });
  const cookieOf = (of: LoginSession) => of.present(upstream.url, 'GET').headers['cookie'];
  expect(cookieOf(session)).not.toBe(cookieOf(other));
});

test('a log of the session shows no secret', async () => {
  const { upstream, session } = await open();
  const shown = inspect(session, { depth: 9, showHidden: true }) + JSON.stringify(session);
  for (const pair of session.present(upstream.url, 'POST').headers['cookie']?.split('; ') ?? [''])
    expect(shown).not.toContain(pair.slice(pair.indexOf('=') + 1));
  expect(shown).not.toContain('battery');
});
