import { expect, test } from 'vitest';
import { checkLoginDefinition, type LoginDefinition, openLoginSession } from '@capstan/http-egress';
import { egressFor, rejection, serve } from '../upstream.ts';

const login = { url: new URL('https://shop.example.com/login') };
const token = { path: 'token' };
const elsewhere = new URL('https://other.example.com/');

test.each<[string, Partial<LoginDefinition>]>([
  ['a CSRF URL of another origin', { csrf: { header: 'x-csrf', url: elsewhere } }],
  ['a refresh URL of another origin', { refresh: { url: elsewhere } }],
  ['a logout URL of another port', { logout: { url: new URL('https://shop.example.com:8443/') } }],
  ['a login with GET', { login: { ...login, method: 'get' } }],
  ['a token from nowhere', { token: {} }],
  ['a token from two places', { token: { path: 'token', header: 'x-token' } }],
  ['an origin for the token with a path', { token, tokenOrigin: 'https://api.example.com/' }],
  ['an origin for a token that there is not', { tokenOrigin: 'https://api.example.com' }],
  ['cookies for another origin', { token, cookies: true, tokenOrigin: 'https://api.example.com' }],
  ['a CSRF cookie without cookies', { token, csrf: { header: 'x-csrf', cookie: 'csrf' } }],
  ['a CSRF token before the login from nowhere', { csrf: { header: 'x-csrf', beforeLogin: true } }],
  ['a status that is none', { login: { ...login, successStatus: ['2x'] } }],
  ['a sign of expiry that is no status', { expired: { status: ['600'] } }],
])('%s is refused', (_, more) => {
  expect(() => checkLoginDefinition({ login, ...more })).toThrow(
    expect.objectContaining({
      code: 'MANIFEST_INVALID',
      details: { problems: [expect.any(String) as string] },
    }),
  );
});

test('all problems are told at once', () => {
  expect(() => checkLoginDefinition({ login: { ...login, method: 'GET' }, token: {} })).toThrow(
    expect.objectContaining({ details: { problems: [expect.any(String), expect.any(String)] } }),
  );
});

test('every part that fits is taken', () => {
  const whole: LoginDefinition = {
    login: { ...login, method: 'PUT', body: 'form', successStatus: ['2xx', '302'] },
    token,
    tokenOrigin: 'https://api.example.com',
    expires: { path: 'expires_in' },
    csrf: { header: 'x-csrf', url: new URL('/csrf', login.url), beforeLogin: true },
    refresh: { url: new URL('/refresh', login.url) },
    logout: { url: new URL('/logout', login.url) },
    expired: { status: ['401', '419'], location: /login/ },
  };
  expect(() => checkLoginDefinition(whole)).not.toThrow();
});

test('a login that cannot work sends nothing', async () => {
  const upstream = await serve((_, response) => response.end());
  const definition = { login: { url: upstream.url, method: 'GET' } };
  const error = await rejection(openLoginSession({ egress: egressFor(), definition, fields: {} }));
  expect(error).toMatchObject({ code: 'MANIFEST_INVALID' });
  expect(upstream.connections()).toBe(0);
});
