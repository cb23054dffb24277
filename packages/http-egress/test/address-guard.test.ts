import type { LookupAddress } from 'node:dns';
import { createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type AddressLookup, createEgress, EgressError } from '@capstan/http-egress';
import { AddressGuard } from '../src/address-guard.ts';
import { egressFor, listen, rejection, serve } from './upstream.ts';

const blockedIpv4 = [
  '0.0.0.0',
  '10.0.0.1',
  '10.255.255.255',
  '100.64.0.1',
  '127.0.0.1',
  '127.255.255.254',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.1',
  '192.0.2.1',
  '192.88.99.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '224.0.0.1',
  '255.255.255.255',
];

const blockedIpv6 = [
  '::',
  '::1',
  '64:ff9b:1::1',
  '100::1',
  '2001::1',
  '2001:db8::1',
  '5f00::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fec0::1',
  'ff02::1',
];

/** All the ways in which a URL can say one IPv4 address. */
const formsOf = (address: string): readonly string[] => {
  const bytes = address.split('.').map(Number);
  const [a = 0, b = 0, c = 0, d = 0] = bytes;
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const hexadecimal = number.toString(16).padStart(8, '0');
  const groups = `${hexadecimal.slice(0, 4)}:${hexadecimal.slice(4)}`;
  return [
    address,
    `${address}.`,
    `${number}`,
    `0x${hexadecimal}`,
    `0${number.toString(8)}`,
    bytes.map((byte) => `0x${byte.toString(16)}`).join('.'),
    bytes.map((byte) => `0${byte.toString(8)}`).join('.'),
    `${a}.${(b * 256 + c) * 256 + d}`,
    `${a}.${b}.${c * 256 + d}`,
    encodeURIComponent(address).replaceAll('.', '%2e'),
    Array.from(address)
      .map((character) => `%${character.charCodeAt(0).toString(16)}`)
      .join(''),
    Array.from(address)
      .map((character) => (character === '.' ? '\u3002' : String.fromCodePoint(character.charCodeAt(0) + 0xfee0)))
      .join(''),
    `[::ffff:${address}]`,
    `[::ffff:${groups}]`,
    `[::${groups}]`,
    `[::ffff:0:${groups}]`,
    `[64:ff9b::${groups}]`,
    `[2002:${groups}::1]`,
  ];
};

const metadataNames: Readonly<Record<string, readonly string[]>> = {
  'metadata.google.internal': ['169.254.169.254'],
  'instance-data.ec2.internal': ['169.254.169.254'],
  'metadata.azure.internal': ['169.254.169.254'],
  '169.254.169.254.nip.io': ['169.254.169.254'],
  'localtest.me': ['127.0.0.1', '::1'],
  'localhost.evil.example': ['127.0.0.1'],
  'evil-localhost': ['127.0.0.1'],
  'sub.localhost': ['::1'],
  'localhost.': ['127.0.0.1'],
  '127.0.0.1.evil.example': ['127.0.0.1'],
  'kubernetes.default.svc': ['10.96.0.1'],
  'mixed.example': ['8.8.8.8', '10.0.0.1'],
  'mixed-families.example': ['2001:4860:4860::8888', 'fd00::1'],
  'mapped.example': ['::ffff:10.0.0.1'],
  'nat64.example': ['64:ff9b::a9fe:a9fe'],
  'not-an-address.example': ['anything'],
};

/** Resolves the names of a table; asks no server. */
const lookupIn =
  (table: Readonly<Record<string, readonly string[]>>, asked: string[] = []): AddressLookup =>
  (hostname, _options, callback) => {
    asked.push(hostname);
    const addresses = (table[hostname] ?? []).map((address): LookupAddress => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    queueMicrotask(() => callback(null, addresses));
  };

const literalHosts = [...blockedIpv4.flatMap(formsOf), ...blockedIpv6.map((address) => `[${address}]`), 'localhost'];
const hosts = [...literalHosts, ...Object.keys(metadataNames)];

const refusalOf = async (egress: ReturnType<typeof createEgress>, url: URL, trust: 'declared' | 'derived') => {
  const error = await rejection(egress.request({ url, trust, allowInsecure: true }));
  if (!(error instanceof EgressError)) throw error;
  return { url: url.href, code: error.code, reason: error.reason, sent: error.sent };
};

describe('S8', () => {
  test(`refuses ${hosts.length * 2} URLs of blocked addresses, and none reaches a listener`, async () => {
    expect(hosts.length).toBeGreaterThanOrEqual(200);
    const upstream = await listen(createServer((socket) => socket.end()));
    const egress = egressFor({ lookup: lookupIn(metadataNames) });
    const refused = { code: 'FORBIDDEN', reason: 'egress', sent: false };
    for (const host of hosts) {
      for (const scheme of ['http', 'https']) {
        const url = new URL(`${scheme}://${host}:${upstream.port}/latest/meta-data`);
        expect(await refusalOf(egress, url, 'derived')).toEqual({ url: url.href, ...refused });
      }
    }
    expect(upstream.connections()).toBe(0);
  });

  test('refuses declared URLs too, loopback only where it is literal', async () => {
    const egress = egressFor({ lookup: lookupIn(metadataNames) });
    for (const host of hosts) {
      const url = new URL(`https://${host}/`);
      if (/^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname)) continue;
      expect(await refusalOf(egress, url, 'declared')).toMatchObject({ code: 'FORBIDDEN', reason: 'egress' });
    }
  });

  test('refuses declared loopback where the host is strict', async () => {
    const upstream = await serve((_, response) => response.end());
    const strict = egressFor({ policy: { strict: true } });
    for (const host of ['127.0.0.1', 'localhost', '[::1]'])
      expect(await refusalOf(strict, new URL(`http://${host}:${upstream.port}/`), 'declared')).toMatchObject({
        reason: 'egress',
      });
    expect(upstream.connections()).toBe(0);
    const allowing = egressFor({ policy: { strict: true, allow: [`127.0.0.1:${upstream.port}`] } });
    expect((await allowing.request({ url: upstream.url, trust: 'declared' })).status).toBe(200);
  });

  test.each([
    'file:///etc/passwd',
    'ftp://example.com/',
    'data:text/plain,x',
    'ws://example.com/',
    'blob:x',
    'gopher://x/',
  ])('asks for no URL such as %s', async (url) => {
    const egress = egressFor();
    expect(await rejection(egress.request({ url: new URL(url), trust: 'derived' }))).toMatchObject({
      reason: 'invalid',
      sent: false,
    });
  });

  test('lets public addresses pass', () => {
    const guard = new AddressGuard();
    for (const host of [
      '8.8.8.8',
      '1.1.1.1',
      '172.32.0.1',
      '100.128.0.1',
      '[2001:4860:4860::8888]',
      '[2606:4700::1]',
    ]) {
      const url = new URL(`https://${host}/`);
      expect([host, guard.refusalOf(url, url.origin, 'derived')]).toEqual([host, undefined]);
    }
  });

  test('hands the socket exactly the addresses that were checked', async () => {
    const guard = new AddressGuard({}, lookupIn({ 'public.example': ['8.8.8.8', '2001:4860:4860::8888'] }));
    const lookup = guard.lookupFor(new URL('https://public.example/'), 'derived');
    const all = await new Promise((resolve) => lookup('public.example', { all: true }, (...result) => resolve(result)));
    expect(all).toEqual([
      null,
      [
        { address: '8.8.8.8', family: 4 },
        { address: '2001:4860:4860::8888', family: 6 },
      ],
    ]);
    const one = await new Promise((resolve) => lookup('public.example', {}, (...result) => resolve(result)));
    expect(one).toEqual([null, '8.8.8.8', 4]);
  });

  test('a name that is bound anew is checked anew, and its first answer is the one that is used', async () => {
    const upstream = await serve((_, response) => response.setHeader('connection', 'close').end('here'));
    const answers = [['127.0.0.1'], ['127.0.0.2']];
    const asked: string[] = [];
    const egress = egressFor({
      policy: { allow: ['127.0.0.1/32'] },
      lookup: (hostname, options, callback) =>
        lookupIn({ [hostname]: answers[asked.length] ?? [] }, asked)(hostname, options, callback),
    });
    const request = {
      url: new URL(`http://rebind.example:${upstream.port}/`),
      trust: 'declared',
      allowInsecure: true,
    } as const;
    expect(await (await egress.request(request)).text()).toBe('here');
    expect(asked).toEqual(['rebind.example']);
    expect(await rejection(egress.request(request))).toMatchObject({ reason: 'egress', sent: false });
    expect(asked).toHaveLength(2);
    expect(upstream.connections()).toBe(1);
  });

  test('a connection of a declared URL does not serve a derived one', async () => {
    const upstream = await serve((_, response) => response.end('here'));
    const egress = egressFor({
      policy: { allow: ['127.0.0.0/8'] },
      lookup: lookupIn({ 'inside.example': ['127.0.0.1'] }),
    });
    const request = { url: new URL(`http://inside.example:${upstream.port}/`), allowInsecure: true };
    expect(await (await egress.request({ ...request, trust: 'declared' })).text()).toBe('here');
    expect(await rejection(egress.request({ ...request, trust: 'derived' }))).toMatchObject({ reason: 'egress' });
  });
});

describe('egress.allow', () => {
  const verdict = (allow: readonly string[], href: string, trust: 'declared' | 'derived' = 'declared') => {
    const url = new URL(href);
    return new AddressGuard({ allow }).refusalOf(url, url.origin, trust) === undefined ? 'allowed' : 'refused';
  };

  test.each([
    [['10.1.0.0/16'], 'https://10.1.2.3/', 'allowed'],
    [['10.1.0.0/16'], 'https://10.2.0.1/', 'refused'],
    [['10.1.2.3:8443'], 'https://10.1.2.3:8443/', 'allowed'],
    [['10.1.2.3:8443'], 'https://10.1.2.3/', 'refused'],
    [['10.1.2.3:443'], 'https://10.1.2.3/', 'allowed'],
    [['fd00::/8'], 'https://[fd12::1]/', 'allowed'],
    [['fd00::/8'], 'https://[fe80::1]/', 'refused'],
    [['[fd00::1]:8080'], 'https://[fd00::1]:8080/', 'allowed'],
  ])('%j: %s is %s', (allow, href, expected) => {
    expect(verdict(allow, href)).toBe(expected);
    expect(verdict(allow, href, 'derived')).toBe('refused');
  });

  test('opens a name by host and port', async () => {
    const upstream = await serve((_, response) => response.end('here'));
    const lookup = lookupIn({ 'build.internal': ['127.0.0.1'] });
    const request = {
      url: new URL(`http://build.internal:${upstream.port}/`),
      trust: 'declared',
      allowInsecure: true,
    } as const;
    const allowed = egressFor({ policy: { allow: [`Build.internal:${upstream.port}`] }, lookup });
    expect(await (await allowed.request(request)).text()).toBe('here');
    const other = egressFor({ policy: { allow: ['build.internal:1'] }, lookup });
    expect(await rejection(other.request(request))).toMatchObject({ reason: 'egress' });
  });

  test.each(['10.0.0.1', '10.0.0.0/33', 'build.internal', 'https://build.internal:80', 'x:99999', '', ':80', 'a b:80'])(
    'refuses the entry %j',
    (entry) => {
      expect(() => createEgress({ policy: { allow: [entry] } })).toThrow(EgressError);
    },
  );
});

describe('a URL', () => {
  test.each([
    ['https://user@example.com/?token=hidden'],
    ['https://:hidden@example.com/'],
    ['http://example.com/?token=hidden'],
    ['http://localhost.evil.example/?token=hidden'],
  ])('like %s is refused, and the error does not repeat its secrets', async (href) => {
    const asked: string[] = [];
    const error = await rejection(
      egressFor({ lookup: lookupIn({}, asked) }).request({ url: new URL(href), trust: 'declared' }),
    );
    expect(error).toMatchObject({ code: 'MANIFEST_INVALID', reason: 'invalid', sent: false });
    expect(String(error)).not.toContain('hidden');
    expect(asked).toEqual([]);
  });
});
