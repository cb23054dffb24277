import { expect, test } from 'vitest';
import { openOriginCookies } from '../../src/login/origin-cookies.ts';

const jarWith = async (at: string, ...setCookie: string[]) => {
  const url = new URL(at);
  const cookies = await openOriginCookies(url);
  cookies.take(url, setCookie);
  return cookies;
};
const headerFor = async (at: string, setCookie: string) => (await jarWith(at, setCookie)).header(new URL(at));

test.each([
  ['a public suffix', 'https://shop.example.com/', 'a=1; Domain=com'],
  ['a public suffix of two parts', 'https://shop.co.uk/', 'a=1; Domain=co.uk'],
  ['a private suffix', 'https://anna.github.io/', 'a=1; Domain=github.io'],
  ['another domain', 'https://shop.example.com/', 'a=1; Domain=example.org'],
  ['a domain below', 'https://example.com/', 'a=1; Domain=shop.example.com'],
])('a cookie for %s is dropped', async (_, url, setCookie) => {
  expect(await headerFor(url, setCookie)).toBeUndefined();
});

test('a cookie for the domain above is kept, and stays with the origin', async () => {
  const cookies = await jarWith('https://shop.example.com/', 'a=1; Domain=example.com');
  expect(cookies.header(new URL('https://shop.example.com/x'))).toBe('a=1');
  for (const url of [
    'https://example.com/',
    'https://other.example.com/',
    'https://shop.example.com:8443/',
    'http://shop.example.com/',
  ]) {
    expect(cookies.header(new URL(url))).toBeUndefined();
    expect(cookies.value(new URL(url), 'a')).toBeUndefined();
  }
});

test('cookies from another origin are not taken', async () => {
  const cookies = await jarWith('https://shop.example.com/');
  cookies.take(new URL('https://shop.example.com:8443/'), 'a=1');
  expect(cookies.isEmpty()).toBe(true);
});

test.each([
  ['https://shop.example.com/', 'a=1'],
  ['http://localhost:8080/', 'a=1'],
  ['http://127.0.0.1:8080/', 'a=1'],
  ['http://[::1]:8080/', 'a=1'],
  ['http://shop.example.com/', undefined],
  ['http://local.localhost/', undefined],
  ['http://10.0.0.1/', undefined],
])('a Secure cookie at %s is sent as %j', async (url, sent) => {
  expect(await headerFor(url, 'a=1; Secure; Path=/')).toBe(sent);
});

test.each([
  ['__Host- without Secure', '__Host-a=1; Path=/'],
  ['__Secure- without Secure', '__Secure-a=1'],
  ['a control character', 'a=1\u0001'],
  ['a character beyond ASCII', 'a=\u00e9'],
  ['more than 8 KiB', `a=${'x'.repeat(8_192)}`],
  ['no lifetime left', 'a=1; Max-Age=0'],
  ['no name', '=1'],
])('a cookie with %s is dropped', async (_, setCookie) => {
  expect(await headerFor('https://shop.example.com/', setCookie)).toBeUndefined();
});

test('a path limits where a cookie goes', async () => {
  const cookies = await jarWith('https://shop.example.com/api/login', 'a=1; Path=/api', 'b=2; Path=/');
  expect(cookies.header(new URL('https://shop.example.com/api/x'))).toBe('a=1; b=2');
  expect(cookies.header(new URL('https://shop.example.com/apix'))).toBe('b=2');
  expect(cookies.isEmpty()).toBe(false);
});

test('no more than 180 cookies are kept, and those stay renewable', async () => {
  const cookies = await jarWith(
    'https://shop.example.com/',
    ...Array.from({ length: 300 }, (_, index) => `a${index}=1`),
    'a0=2',
  );
  expect(cookies.header(new URL('https://shop.example.com/'))?.split('; ')).toHaveLength(180);
  expect(cookies.value(new URL('https://shop.example.com/'), 'a0')).toBe('2');
});

test('cookies that ended hold no room', async () => {
  const ended = Array.from({ length: 180 }, (_, index) => `a${index}=1; Max-Age=0`);
  const cookies = await jarWith('https://shop.example.com/', 'first=1', ...ended, 'session=1');
  expect(cookies.header(new URL('https://shop.example.com/'))).toBe('first=1; session=1');
});

test('a cleared jar is empty and can be used again', async () => {
  const url = new URL('https://shop.example.com/');
  const cookies = await jarWith(url.href, 'a=1');
  cookies.clear();
  expect([cookies.isEmpty(), cookies.header(url)]).toEqual([true, undefined]);
  cookies.take(url, 'b=2');
  expect(cookies.header(url)).toBe('b=2');
});
