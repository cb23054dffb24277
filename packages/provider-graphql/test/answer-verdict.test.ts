import { type ErrorVerdict, type JsonValue } from '@capstan/provider';
import { describe, expect, test } from 'vitest';
import { listen } from './servers/http-listener.ts';
import { answering, type Interference } from './servers/yoga-server.ts';
import { openShop, type Shop } from './shop.ts';

const document = 'query Echo($text: String!) { echo(text: $text) }';
const auth = { metadata: { graphql_auth_env_var: 'KEY' }, environment: { KEY: 'key-123' } };

/** How one call ends: the code and verdict of its failure, or what kind of result it is. */
async function ending(shop: Shop, id = 'echo', input: JsonValue = { text: 'hello' }): Promise<string> {
  const [plugin] = shop.runtime.providers;
  const capability = shop.runtime.marketplace.get(`graphql.shop.${id}`);
  if (plugin === undefined || capability === undefined) throw new Error('Nothing was loaded.');
  const { signal } = new AbortController();
  try {
    const call = { callId: '1', capability, input, caller: {}, signal, attempt: 0 };
    return (await plugin.execute(call)).isError ? 'error result' : 'result';
  } catch (error) {
    const { kind, sent, retryAfterMs }: ErrorVerdict = plugin.classifyError(error);
    const { code, details } = error as { code: string; details: { reason?: string } };
    const wait = retryAfterMs === undefined ? '' : ` after ${retryAfterMs}`;
    return `${code} ${details.reason ?? '-'}: ${kind}, ${sent ? 'sent' : 'not sent'}${wait}`;
  }
}

const errorsOf = (code?: string, other: object = {}): object => ({
  errors: [{ message: 'No', ...(code && { extensions: { code } }), ...other }],
});
const some = { echo: 'hello' };
const atEcho = { path: ['echo'] };

describe('an answer', () => {
  test.each<readonly [what: string, answer: Interference, ending: string]>([
    ['401 as a page', answering(401, '<html>'), 'UNAUTHORIZED -: unauthorized, not sent'],
    [
      '401 with a code and data',
      answering(401, { ...errorsOf('UNAUTHENTICATED', atEcho), data: some }),
      'UNAUTHORIZED -: unauthorized, sent',
    ],
    [
      '200 with the code and no data',
      answering(200, { ...errorsOf('UNAUTHENTICATED'), data: null }),
      'UNAUTHORIZED -: unauthorized, not sent',
    ],
    [
      '200 with the code and data (Apollo, Mercurius)',
      answering(200, { ...errorsOf('UNAUTHENTICATED', atEcho), data: some }),
      'UNAUTHORIZED -: unauthorized, sent',
    ],
    ['429', answering(429, '', { 'retry-after': '7' }), 'OVERLOADED -: transient, not sent after 7000'],
    ['a throttled code', answering(200, errorsOf('THROTTLED')), 'OVERLOADED -: transient, not sent'],
    [
      'a throttled code of a field, and no data left',
      answering(200, { ...errorsOf('THROTTLED', atEcho), data: null }),
      'OVERLOADED -: transient, sent',
    ],
    [
      'the code of a field, and no data left',
      answering(401, { ...errorsOf('UNAUTHENTICATED', atEcho), data: null }),
      'UNAUTHORIZED -: unauthorized, sent',
    ],
    ['503', answering(503, 'busy', { 'retry-after': '2' }), 'OVERLOADED -: transient, sent after 2000'],
    ['403 as a page', answering(403, '<html>'), 'FORBIDDEN -: caller, not sent'],
    ['403 with errors', answering(403, errorsOf('FORBIDDEN')), 'UPSTREAM_ERROR document_refused: caller, not sent'],
    [
      'forbidden in a resolver',
      answering(200, { ...errorsOf('FORBIDDEN', atEcho), data: { echo: null } }),
      'error result',
    ],
    ['500 as a page', answering(500, '<html>'), 'UPSTREAM_ERROR -: transient, sent'],
    ['502 with errors', answering(502, errorsOf('X')), 'UPSTREAM_ERROR -: transient, sent'],
    ['500 with data', answering(500, { ...errorsOf('X', atEcho), data: some }), 'error result'],
    ['a redirect', answering(302, '', { location: '/login' }), 'UPSTREAM_ERROR redirect: fatal, sent'],
    [
      'a redirect elsewhere',
      answering(307, '', { location: 'http://127.0.0.2/x' }),
      'UPSTREAM_ERROR redirect: fatal, not sent',
    ],
    ['a page', answering(200, '<html>'), 'UPSTREAM_ERROR not_graphql: fatal, sent'],
    ['nothing', (response) => void response.writeHead(204).end(), 'UPSTREAM_ERROR not_graphql: fatal, sent'],
    [
      'JSON cut short',
      (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":'),
      'UPSTREAM_ERROR not_graphql: fatal, sent',
    ],
    ['JSON of another kind', answering(200, { ok: true }), 'UPSTREAM_ERROR not_graphql: fatal, sent'],
    ['a list, as of a batch', answering(200, [{ data: some }]), 'UPSTREAM_ERROR not_graphql: fatal, sent'],
    ['404 as JSON', answering(404, { message: 'Not Found' }), 'UPSTREAM_ERROR not_graphql: fatal, sent'],
    [
      'validation failed (Apollo)',
      answering(400, errorsOf('GRAPHQL_VALIDATION_FAILED')),
      'UPSTREAM_ERROR document_refused: caller, not sent',
    ],
    [
      'validation failed (Mercurius)',
      answering(400, { ...errorsOf(), data: null }),
      'UPSTREAM_ERROR document_refused: caller, not sent',
    ],
    [
      'unknown operation (Mercurius)',
      answering(200, { ...errorsOf(), data: null }),
      'UPSTREAM_ERROR document_refused: caller, not sent',
    ],
    [
      'wrong variables (Apollo)',
      answering(400, errorsOf('BAD_USER_INPUT')),
      'INPUT_INVALID variables: caller, not sent',
    ],
    [
      'a resolver failed (Mercurius)',
      answering(200, { ...errorsOf(undefined, atEcho), data: { echo: null } }),
      'error result',
    ],
    [
      'a resolver failed and took all with it',
      answering(200, { ...errorsOf(undefined, atEcho), data: null }),
      'error result',
    ],
    ['data and an empty list of errors', answering(200, { data: some, errors: [] }), 'result'],
    ['data', answering(200, { data: some }), 'result'],
    [
      'a connection that broke',
      (response) => void response.socket?.destroy(),
      'UPSTREAM_ERROR network: transient, sent',
    ],
  ])('of %s', async (_, answer, expected) => {
    await using shop = await openShop({ echo: { document } }, auth);
    shop.server.interfere(answer);
    expect(await ending(shop)).toBe(expected);
  });
});

describe('GraphQL Yoga', () => {
  test.each<readonly [what: string, document: string, input: JsonValue, ending: string]>([
    ['a field that there is not', '{ nothing }', {}, 'UPSTREAM_ERROR document_refused: caller, not sent'],
    [
      'a wrong variable',
      'query Q($bytes: Int!) { big(bytes: $bytes) }',
      { bytes: 'x' },
      'UPSTREAM_ERROR document_refused: caller, not sent',
    ],
    ['credentials wanted in a resolver', '{ secret }', {}, 'UNAUTHORIZED -: unauthorized, sent'],
    ['forbidden in a resolver', '{ forbidden }', {}, 'error result'],
    ['a resolver that fails', '{ broken }', {}, 'error result'],
  ])('on %s', async (_, odd, input, expected) => {
    await using shop = await openShop({ odd: { document: odd } }, auth);
    expect(await ending(shop, 'odd', input)).toBe(expected);
  });
});

test('says of an upstream that is not there that nothing was sent', async () => {
  const gone = await listen(() => undefined);
  await gone.close();
  await using shop = await openShop({ echo: { document } }, { url: `${gone.origin}/graphql?key=hidden` });
  expect(await ending(shop)).toBe('UPSTREAM_ERROR network: transient, not sent');
  const error = await shop.failure('graphql.shop.echo', { text: 'hello' });
  expect(error.message).toContain(`${gone.origin}/graphql`);
  expect(JSON.stringify(error)).not.toContain('hidden');
});

test('is kept from addresses that nobody allowed', async () => {
  await using shop = await openShop({ echo: { document } }, { url: 'https://10.0.0.1/graphql' });
  expect(await ending(shop)).toBe('FORBIDDEN egress: fatal, not sent');
});

test('reads statuses and codes of expiry from the manifest', async () => {
  await using shop = await openShop(
    { echo: { document, session_expired_codes: 'invalid-jwt', session_expired_status: '401 419' } },
    auth,
  );
  shop.server.interfere(
    answering(419, ''),
    answering(200, errorsOf('invalid-jwt')),
    answering(200, errorsOf('UNAUTHENTICATED')),
  );
  expect(await ending(shop)).toBe('UNAUTHORIZED -: unauthorized, not sent');
  expect(await ending(shop)).toBe('UNAUTHORIZED -: unauthorized, not sent');
  expect(await ending(shop)).toBe('UPSTREAM_ERROR document_refused: caller, not sent');
});

test('shows the words of an upstream without the secret in them', async () => {
  await using shop = await openShop({ echo: { document } }, auth);
  shop.server.interfere(answering(400, { errors: [{ message: 'The token key-123 is odd' }] }));
  const { message } = await shop.failure('graphql.shop.echo', { text: 'hello' });
  expect(message).toMatch(/^Calling query Echo failed: .* answered with HTTP 400: The token \[secret\] is odd\.$/);
});

test('cuts the words of an upstream without leaving a part of a secret', async () => {
  await using shop = await openShop(
    { echo: { document, headers: 'X-Who: ${WHO}' } },
    { ...auth, environment: { ...auth.environment, WHO: 'key-' } },
  );
  const message = `${'x'.repeat(495)}key-123`;
  shop.server.interfere(
    answering(400, { errors: [{ message, path: ['key-123'], extensions: { code: 'key-123'.repeat(1000) } }] }),
    answering(400, {
      errors: [{ message: 'No', path: Array(1000).fill('x'), extensions: { code: 'x'.repeat(100_000) } }],
    }),
  );
  const struck = await shop.failure('graphql.shop.echo', { text: 'hello' });
  expect(JSON.stringify(struck)).not.toMatch(/key-|123/);
  expect(struck.message).toContain('[sec');
  const long = await shop.failure('graphql.shop.echo', { text: 'hello' });
  expect(JSON.stringify(long).length).toBeLessThan(1000);
});

test('hands out the errors of a field without the secret in them', async () => {
  await using shop = await openShop({ echo: { document } }, auth);
  shop.server.interfere(answering(200, { ...errorsOf('key-123', atEcho), data: { echo: null } }));
  const result = await shop.runtime.call('graphql.shop.echo', { text: 'hello' });
  expect(result).toMatchObject({ isError: true, output: { errors: [{ code: '[secret]' }] } });
  expect(JSON.stringify(result)).not.toContain('key-123');
});
