import { inspect } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type LoginDefinition, openLoginSession } from '@capstan/http-egress';
import { egressFor, rejection, serve } from '../upstream.ts';
import { password, tokenSite, type TokenSiteOptions } from './login-upstream.ts';

const fields = { user: 'anna', password };

const open = async (more: Partial<LoginDefinition> = {}, options: TokenSiteOptions = {}) => {
  const upstream = await tokenSite(options);
  const egress = egressFor();
  const definition: LoginDefinition = {
    login: { url: new URL('/login', upstream.url) },
    token: { path: 'data.tokens.0.value' },
    ...more,
  };
  const session = await openLoginSession({ egress, definition, fields });
  const call = async () => {
    const presented = session.present(upstream.url, 'POST');
    const { headers } = presented;
    const answer = await egress.request({ url: upstream.url, trust: 'declared', method: 'POST', headers });
    return { presented, expiry: presented.answered(answer, { expectsJson: true }), status: answer.status };
  };
  return { upstream, egress, session, call };
};

const only = (headers: Readonly<Record<string, string>>): readonly [string, string] => {
  const [first, ...rest] = Object.entries(headers);
  if (first === undefined || rest.length > 0) throw new Error(`Not one header: ${Object.keys(headers).join(', ')}`);
  return first;
};

test.each([
  ['at a path', { path: 'data.tokens.0.value' }, 'authorization', /^Bearer token-/],
  ['in a header', { header: 'X-Session-Token' }, 'authorization', /^Bearer token-/],
  ['for a header of its own', { path: 'data.tokens.0.value', sendIn: 'X-Token' }, 'x-token', /^token-/],
  ['with a scheme of its own', { path: 'data.tokens.0.value', scheme: 'JWT' }, 'authorization', /^JWT token-/],
])('a token %s goes with each request', async (_, token, name, value) => {
  const { session, upstream } = await open({ token });
  const [header, sent] = only(session.present(upstream.url, 'POST').headers);
  expect(header).toBe(name);
  expect(sent).toMatch(value);
});

test.each(['data.tokens.0.value', 'data.given', 'data.none.value', 'toString', '__proto__.polluted', 'data'])(
  'no token at %s is a refused login, though the status is 200',
  async (path) => {
    const upstream = await tokenSite();
    const opening = openLoginSession({
      egress: egressFor(),
      definition: { login: { url: new URL('/login', upstream.url) }, token: { path } },
      fields: { password: 'hidden\nhidden' },
    });
    const error = await rejection(opening);
    expect(error).toMatchObject({ code: 'UNAUTHORIZED', details: { status: 200 } });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hidden');
  },
);

test('an answer that is no JSON is not quoted', async () => {
  const upstream = await serve((_, response) => response.end('hidden'));
  const opening = openLoginSession({
    egress: egressFor(),
    definition: { login: { url: upstream.url }, token: { path: 'token' } },
    fields,
  });
  expect(inspect(await rejection(opening), { depth: 9, showHidden: true })).not.toContain('hidden');
});

test('a login with an endless answer is refused', async () => {
  const upstream = await serve((_, response) => {
    const write = (): unknown => (response.destroyed ? undefined : response.write('x'.repeat(65_536), () => write()));
    write();
  });
  const definition = { login: { url: upstream.url }, token: { path: 'token' } };
  expect(await rejection(openLoginSession({ egress: egressFor(), definition, fields }))).toMatchObject({
    reason: 'too_large',
  });
});

test('cookies are not kept beside a token, unless that is said', async () => {
  const upstream = await serve((_, response) => response.setHeader('set-cookie', 'a=1').end('{"token":"t"}'));
  const headersWith = async (cookies?: boolean) => {
    const definition = {
      login: { url: upstream.url },
      token: { path: 'token' },
      ...(cookies === undefined ? {} : { cookies }),
    };
    const session = await openLoginSession({ egress: egressFor(), definition, fields });
    return session.present(upstream.url, 'GET').headers;
  };
  expect(await headersWith()).toEqual({ authorization: 'Bearer t' });
  expect(await headersWith(true)).toEqual({ authorization: 'Bearer t', cookie: 'a=1' });
});

test('the token goes to the origin that is declared for it, without cookies and CSRF token, and to no other', async () => {
  const login = await serve((_, response) =>
    response.setHeader('set-cookie', 'a=1').setHeader('x-csrf', 'c').end('{"token":"t"}'),
  );
  const definition = {
    login: { url: login.url },
    token: { path: 'token' },
    csrf: { header: 'x-csrf' },
    tokenOrigin: 'https://api.example.com',
  };
  const session = await openLoginSession({ egress: egressFor(), definition, fields });
  expect(session.present(login.url, 'POST').headers).toEqual({ authorization: 'Bearer t', 'x-csrf': 'c' });
  expect(session.present(new URL('https://api.example.com/x'), 'POST').headers).toEqual({ authorization: 'Bearer t' });
  for (const url of ['https://api.example.com:8443/', 'http://api.example.com/', 'https://example.com/'])
    expect(() => session.present(new URL(url), 'GET')).toThrow(/another origin/);
});

test.each([
  [3600, 3_540_000],
  [100, 75_000],
  ['3600', 3_540_000],
])('a lifetime of %j s is due after %d ms', async (expires, dueAfterMs) => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  const { session } = await open({ expires: { path: 'data.expires' } }, { expires });
  expect(session.expiresAt).toBe(Date.now() + Number(expires) * 1_000);
  vi.advanceTimersByTime(dueAfterMs - 1);
  expect(session.isDue()).toBe(false);
  vi.advanceTimersByTime(1);
  expect(session.isDue()).toBe(true);
});

test('an expiry that is not told makes nothing due', async () => {
  const { session } = await open({ expires: { path: 'data.expires' } });
  expect([session.expiresAt, session.isDue(Number.MAX_SAFE_INTEGER)]).toEqual([undefined, false]);
});

test('a token that the upstream refuses is replaced by a new login', async () => {
  const { upstream, session, call } = await open();
  upstream.killSessions();
  const { presented, expiry } = await call();
  expect(expiry).toBe('session');
  await session.renew({ fields, rejected: presented });
  expect((await call()).status).toBe(200);
  expect(upstream.count('POST /login')).toBe(2);
});

test('a token that nears its end is renewed by the refresh call', async () => {
  const upstream = await tokenSite({ expires: 60 });
  const definition: LoginDefinition = {
    login: { url: new URL('/login', upstream.url) },
    token: { path: 'data.tokens.0.value' },
    refresh: { url: new URL('/refresh', upstream.url), body: (token) => ({ token: token ?? null }) },
  };
  const session = await openLoginSession({ egress: egressFor(), definition, fields });
  const [, before] = only(session.present(upstream.url, 'GET').headers);
  await Promise.all(Array.from({ length: 20 }, () => session.renew({ fields })));
  const [, after] = only(session.present(upstream.url, 'GET').headers);
  expect(after).not.toBe(before);
  expect(upstream.lastBody()).toBe(JSON.stringify({ token: before.replace('Bearer ', '') }));
  expect(upstream.requests).toEqual(['POST /login', 'POST /refresh']);
});

test('where the refresh call is refused, the session logs in anew', async () => {
  const upstream = await tokenSite({ refreshes: false });
  const definition: LoginDefinition = {
    login: { url: new URL('/login', upstream.url) },
    token: { path: 'data.tokens.0.value' },
    refresh: { url: new URL('/refresh', upstream.url) },
  };
  const session = await openLoginSession({ egress: egressFor(), definition, fields });
  await session.renew({ fields });
  expect(upstream.requests).toEqual(['POST /login', 'POST /refresh', 'POST /login']);
});

test('a renewal that fails leaves the old token in use', async () => {
  const { session, call } = await open();
  const error = await rejection(session.renew({ fields: { password: 'wrong' } }));
  expect(error).toMatchObject({ code: 'UNAUTHORIZED' });
  expect((await call()).status).toBe(200);
});

test('a logout sends the token and resolves where the upstream knows it no more', async () => {
  const upstream = await tokenSite();
  const definition: LoginDefinition = {
    login: { url: new URL('/login', upstream.url) },
    token: { path: 'data.tokens.0.value' },
    logout: { url: new URL('/login', upstream.url), method: 'DELETE' },
  };
  const open = () => openLoginSession({ egress: egressFor(), definition, fields });
  const [session, ended] = [await open(), await open()];
  await session.logOut();
  upstream.killSessions();
  await ended.logOut();
  expect(upstream.count('DELETE /login')).toBe(2);
});

test('without a logout call the upstream is not told', async () => {
  const { upstream, session } = await open();
  await session.logOut();
  expect(upstream.requests).toEqual(['POST /login']);
});

test('a logout that hangs ends with its signal', async () => {
  const aborting = new AbortController();
  const upstream = await serve((request, response) => {
    if (request.url === '/logout') return aborting.abort('enough');
    return void response.end('{"token":"t"}');
  });
  const session = await openLoginSession({
    egress: egressFor(),
    definition: {
      login: { url: upstream.url },
      token: { path: 'token' },
      logout: { url: new URL('/logout', upstream.url) },
    },
    fields,
  });
  expect(await rejection(session.logOut(aborting.signal))).toBe('enough');
});

test('a login that comes after the logout is logged out too', async () => {
  const [renewing, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const loggedOut: unknown[] = [];
  let logins = 0;
  const upstream = await serve((request, response) => {
    if (request.url === '/logout') {
      loggedOut.push(request.headers.authorization);
      return void response.end();
    }
    logins += 1;
    const answer = JSON.stringify({ token: `token-${logins}` });
    if (logins === 1) return void response.end(answer);
    renewing.resolve();
    return void gate.promise.then(() => response.end(answer));
  });
  const definition = {
    login: { url: upstream.url },
    token: { path: 'token' },
    logout: { url: new URL('/logout', upstream.url) },
  };
  const session = await openLoginSession({ egress: egressFor(), definition, fields });
  const renewal = rejection(session.renew({ fields }));
  await renewing.promise;
  await session.logOut();
  gate.resolve();
  expect(await renewal).toMatchObject({ code: 'SESSION_LOST' });
  expect(loggedOut).toEqual(['Bearer token-1', 'Bearer token-2']);
});

test('one who gives up does not end the renewal of the others', async () => {
  const aborting = new AbortController();
  const renewing = Promise.withResolvers<void>();
  let logins = 0;
  const upstream = await serve((_, response) => {
    logins += 1;
    if (logins === 1) return void response.end('{"token":"first"}');
    aborting.abort('enough');
    return void renewing.promise.then(() => response.end('{"token":"second"}'));
  });
  const definition = { login: { url: upstream.url }, token: { path: 'token' } };
  const session = await openLoginSession({ egress: egressFor(), definition, fields });
  const impatient = rejection(session.renew({ fields, signal: aborting.signal }));
  const patient = session.renew({ fields });
  expect(await impatient).toBe('enough');
  renewing.resolve();
  await patient;
  expect(session.present(upstream.url, 'GET').headers).toEqual({ authorization: 'Bearer second' });
  expect(logins).toBe(2);
});
