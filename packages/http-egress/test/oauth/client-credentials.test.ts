import type { IncomingMessage, ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ClientCredentials, type ClientCredentialsDefinition } from '@capstan/http-egress';
import { bodyOf, egressFor, rejection, serve } from '../upstream.ts';

const client = { id: 'client:1', secret: 'hidden & sécret%' };

interface TokenRequest {
  readonly headers: IncomingMessage['headers'];
  readonly parameters: Readonly<Record<string, string>>;
}

type Answer = (response: ServerResponse, count: number) => unknown;

const issue =
  (more: Readonly<Record<string, unknown>> = {}): Answer =>
  (response, count) =>
    response
      .setHeader('content-type', 'application/json')
      .end(JSON.stringify({ access_token: `token-${count}`, token_type: 'Bearer', ...more }));

/** A token endpoint, and a client of it. */
const setUp = async (answer: Answer = issue(), more: Partial<ClientCredentialsDefinition> = {}) => {
  const requests: TokenRequest[] = [];
  let answerNow = answer;
  const upstream = await serve((request, response) => {
    void bodyOf(request).then((body) => {
      requests.push({ headers: request.headers, parameters: Object.fromEntries(new URLSearchParams(body)) });
      answerNow(response, requests.length);
    });
  });
  const credentials = new ClientCredentials({
    egress: egressFor(),
    definition: { tokenUrl: new URL('/token', upstream.url), ...more },
    readClient: () => Promise.resolve(client),
  });
  return {
    credentials,
    requests,
    upstream,
    answerWith: (next: Answer) => {
      answerNow = next;
    },
  };
};

const fakeClock = () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
};

describe('a token request', () => {
  test('names the client in the basic scheme, form-encoded, and what is wanted', async () => {
    const { credentials, requests } = await setUp(issue(), {
      scope: 'read write',
      audience: 'https://api.example.com',
    });
    expect(await credentials.token()).toBe('token-1');
    const [request] = requests;
    const [scheme, encoded = ''] = request?.headers.authorization?.split(' ') ?? [];
    const form = (text: string) => new URLSearchParams([[text, '']]).toString().slice(0, -1);
    expect([scheme, Buffer.from(encoded, 'base64').toString()]).toEqual([
      'Basic',
      `${form(client.id)}:${form(client.secret)}`,
    ]);
    expect(request?.parameters).toEqual({
      grant_type: 'client_credentials',
      scope: 'read write',
      audience: 'https://api.example.com',
    });
  });

  test('names the client in the body, where that is declared', async () => {
    const { credentials, requests } = await setUp(issue(), { clientAuth: 'post' });
    await credentials.token();
    expect(requests[0]?.headers.authorization).toBeUndefined();
    expect(requests[0]?.parameters).toEqual({
      grant_type: 'client_credentials',
      client_id: client.id,
      client_secret: client.secret,
    });
  });

  test('is one for a hundred who ask at once', async () => {
    const { credentials, requests } = await setUp();
    const tokens = await Promise.all(Array.from({ length: 100 }, () => credentials.token()));
    expect(new Set(tokens)).toEqual(new Set(['token-1']));
    expect(requests).toHaveLength(1);
  });

  test('reads the client anew each time', async () => {
    const { upstream, requests } = await setUp();
    const secrets = ['one', 'two'];
    const credentials = new ClientCredentials({
      egress: egressFor(),
      definition: { tokenUrl: upstream.url, clientAuth: 'post' },
      readClient: () => Promise.resolve({ id: 'client', secret: secrets.shift() ?? '' }),
    });
    await credentials.replace(await credentials.token());
    expect(requests.map(({ parameters }) => parameters['client_secret'])).toEqual(['one', 'two']);
  });

  test('ends when nobody waits any more', async () => {
    const aborting = new AbortController();
    const { credentials, upstream } = await setUp(() => aborting.abort('enough'));
    expect(await rejection(credentials.token(aborting.signal))).toBe('enough');
    await upstream.drained();
  });

  test('over plain http beyond loopback is refused', async () => {
    const { credentials } = await setUp(issue(), { tokenUrl: new URL('http://auth.example.com/token') });
    expect(await rejection(credentials.token())).toMatchObject({
      code: 'MANIFEST_INVALID',
      reason: 'invalid',
      sent: false,
    });
  });

  test('to an address that egress refuses is not sent', async () => {
    const { credentials } = await setUp(issue(), { tokenUrl: new URL('https://169.254.169.254/token') });
    expect(await rejection(credentials.token())).toMatchObject({ code: 'FORBIDDEN', reason: 'egress', sent: false });
  });

  test.each([301, 302, 303, 307, 308])('that is redirected (%d) is refused, on the same origin too', async (status) => {
    const { credentials, requests } = await setUp((response) =>
      response.writeHead(status, { location: '/other' }).end(),
    );
    const error = await rejection(credentials.token());
    expect(error).toMatchObject({ code: 'UPSTREAM_ERROR', retryable: false, details: { reason: 'redirect', status } });
    expect(requests).toHaveLength(1);
  });
});

describe('a token', () => {
  test('without a lifetime is used until it is refused', async () => {
    fakeClock();
    const { credentials, requests } = await setUp();
    const token = await credentials.token();
    vi.advanceTimersByTime(1_000_000_000);
    expect([await credentials.token(), credentials.expiresAt]).toEqual([token, undefined]);
    expect(requests).toHaveLength(1);
    const replaced = await Promise.all([credentials.replace(token), credentials.replace(token)]);
    expect(replaced).toEqual(['token-2', 'token-2']);
    // Refused late: it was replaced since.
    expect(await credentials.replace(token)).toBe('token-2');
    expect(requests).toHaveLength(2);
  });

  test.each([
    [3600, 3_540_000],
    [100, 75_000],
    [2, 1_500],
    ['100', 75_000],
  ])('with a lifetime of %j s is renewed after %d ms', async (lifetime, renewAfterMs) => {
    fakeClock();
    const { credentials, requests } = await setUp(issue({ expires_in: lifetime }));
    await credentials.token();
    expect(credentials.expiresAt).toBe(Date.now() + Number(lifetime) * 1_000);
    vi.advanceTimersByTime(renewAfterMs - 1);
    await credentials.token();
    expect(requests).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(await Promise.all(Array.from({ length: 20 }, () => credentials.token()))).toEqual(Array(20).fill('token-2'));
    expect(requests).toHaveLength(2);
  });

  test('of no lifetime is not asked for again and again', async () => {
    const { credentials, requests } = await setUp(issue({ expires_in: 0 }));
    for (let turn = 0; turn < 5; turn += 1) await credentials.token();
    expect(requests).toHaveLength(1);
  });

  test('that cannot be renewed early is used to its end, and asked for every ten seconds', async () => {
    fakeClock();
    const { credentials, requests, answerWith } = await setUp(issue({ expires_in: 100 }));
    await credentials.token();
    answerWith((response) => response.writeHead(500).end());
    vi.advanceTimersByTime(80_000);
    expect([await credentials.token(), await credentials.token()]).toEqual(['token-1', 'token-1']);
    expect(requests).toHaveLength(2);
    vi.advanceTimersByTime(10_000);
    expect(await credentials.token()).toBe('token-1');
    expect(requests).toHaveLength(3);
    vi.advanceTimersByTime(10_000);
    expect(await rejection(credentials.token())).toMatchObject({ code: 'UPSTREAM_ERROR', retryable: true });
  });

  test('that is forgotten is asked for anew, and shows in no log', async () => {
    const { credentials } = await setUp();
    const token = await credentials.token();
    expect(inspect(credentials, { depth: 9, showHidden: true })).not.toContain(token);
    credentials.forget();
    expect(await credentials.token()).toBe('token-2');
  });

  test('that is forgotten while it is being asked for is not used after', async () => {
    const held: (() => void)[] = [];
    const { credentials, requests } = await setUp((response, count) => held.push(() => issue()(response, count)));
    const before = credentials.token();
    await expect.poll(() => held.length).toBe(1);
    credentials.forget();
    const after = credentials.token();
    await expect.poll(() => held.length).toBe(2);
    for (const answer of held) answer();
    expect(await Promise.all([before, after])).toEqual(['token-1', 'token-2']);
    expect(await credentials.token()).toBe('token-2');
    expect(requests).toHaveLength(2);
  });
});

describe('an answer', () => {
  const saying =
    (status: number, body: unknown, headers = {}): Answer =>
    (response) =>
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(typeof body === 'string' ? body : JSON.stringify(body));
  const hidden = { error_description: 'hidden' };

  test.each<[string, Answer, object]>([
    [
      '401 invalid_client',
      saying(401, { error: 'invalid_client', ...hidden }),
      { code: 'UNAUTHORIZED', retryable: false },
    ],
    [
      '401 with a challenge',
      saying(401, { error: 'invalid_client' }, { 'www-authenticate': 'Basic realm="hidden"' }),
      { code: 'UNAUTHORIZED', details: { oauthError: 'invalid_client' } },
    ],
    ['400 invalid_scope', saying(400, { error: 'invalid_scope', ...hidden }), { code: 'FORBIDDEN' }],
    ['400 of its own kind', saying(400, { error: 'hidden' }), { code: 'UNAUTHORIZED' }],
    ['403 in HTML', saying(403, '<html>hidden'), { code: 'UNAUTHORIZED' }],
    [
      '429',
      saying(429, 'hidden', { 'retry-after': '7' }),
      { code: 'OVERLOADED', retryAfterMs: 7_000, retryable: true },
    ],
    ['503', saying(503, hidden), { code: 'OVERLOADED', retryable: true }],
    ['502', saying(502, hidden), { code: 'UPSTREAM_ERROR', retryable: true }],
    ['200 without a token', saying(200, hidden), { code: 'UPSTREAM_ERROR', retryable: false }],
    ['200 in HTML', saying(200, '<html>hidden', { 'content-type': 'text/html' }), { code: 'UPSTREAM_ERROR' }],
    ['200 that is no JSON', saying(200, 'hidden'), { code: 'UPSTREAM_ERROR', retryable: false }],
    [
      'a token of another type',
      saying(200, { access_token: 'hidden', token_type: 'mac' }),
      { code: 'UPSTREAM_ERROR', retryable: false },
    ],
    ['a DPoP token', saying(200, { access_token: 'hidden', token_type: 'DPoP' }), { code: 'UPSTREAM_ERROR' }],
    [
      'a token with a line break',
      saying(200, { access_token: 'hidden\nx', token_type: 'bearer' }),
      { code: 'UPSTREAM_ERROR' },
    ],
    [
      'a token that is no text',
      saying(200, { access_token: ['hidden'], token_type: 'bearer' }),
      { code: 'UPSTREAM_ERROR' },
    ],
  ])('%s is told without what it says', async (_, answer, expected) => {
    const { credentials } = await setUp(answer);
    const error = await rejection(credentials.token());
    expect(error).toMatchObject(expected);
    const shown = inspect(error, { depth: 9, showHidden: true });
    expect(shown).not.toContain('hidden');
    expect(shown).not.toContain('token-1');
  });

  test('that breaks off keeps its reason', async () => {
    const { credentials } = await setUp((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' });
      response.write('{"access_token":"hidden"', () => response.destroy());
    });
    const error = await rejection(credentials.token());
    expect(error).toMatchObject({ code: 'UPSTREAM_ERROR', reason: 'network', retryable: true });
  });

  test('without end is refused', async () => {
    const { credentials } = await setUp((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const write = (): unknown => (response.destroyed ? undefined : response.write('x'.repeat(65_536), () => write()));
      write();
    });
    expect(await rejection(credentials.token())).toMatchObject({ reason: 'too_large' });
  });
});
