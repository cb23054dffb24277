import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openShop } from './shop.ts';

const document = 'query Echo($text: String!) { echo(text: $text) }';
const input = { text: 'hello' };

test.each<readonly [style: string, metadata: Record<string, string>, header: string, value: string]>([
  ['bearer', { auth_env_var: 'KEY' }, 'authorization', 'Bearer key-123'],
  ['a bare value', { auth_env_var: 'KEY', auth_scheme: '' }, 'authorization', 'key-123'],
  ['api_key', { auth: 'api_key', auth_env_var: 'KEY' }, 'x-api-key', 'key-123'],
  [
    'api_key in a header of its own',
    { auth: 'api_key', auth_env_var: 'KEY', auth_header: 'X-Shop-Token', auth_scheme: 'Token' },
    'x-shop-token',
    'Token key-123',
  ],
  [
    'basic',
    { auth: 'basic', basic_user_env_var: 'USER_NAME', basic_password_env_var: 'KEY' },
    'authorization',
    `Basic ${btoa('ada:key-123')}`,
  ],
  ['a declared header', { headers: 'X-Version: 2026-01\nX-Sign: ${USER_NAME}/${KEY}' }, 'x-sign', 'ada/key-123'],
])('sends %s', async (_, metadata, header, value) => {
  await using shop = await openShop(
    { echo: { document, ...metadata } },
    { environment: { KEY: 'key-123\n', USER_NAME: 'ada' } },
  );
  await shop.runtime.call('graphql.shop.echo', input);
  expect(shop.server.requests[0]?.[header]).toBe(value);
});

test('sends no credential where none is declared, and says who it is', async () => {
  await using shop = await openShop({ echo: { document, auth: 'none', auth_env_var: 'KEY' } });
  await shop.runtime.call('graphql.shop.echo', input);
  expect(shop.server.requests[0]).not.toHaveProperty('authorization');
  expect(shop.server.requests[0]).toMatchObject({ 'user-agent': 'capstan' });
});

test('passes the span of the call on', async () => {
  await using shop = await openShop({ echo: { document } });
  const [plugin] = shop.runtime.providers;
  const capability = shop.runtime.marketplace.get('graphql.shop.echo');
  if (plugin === undefined || capability === undefined) throw new Error('Nothing was loaded.');
  const trace = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'a=1', baggage: 'b=2' };
  const { signal } = new AbortController();
  await plugin.execute({ callId: '1', capability, input, caller: {}, signal, attempt: 0, trace });
  expect(shop.server.requests[0]).toMatchObject(trace);
});

test('reads a credential anew for each call', async () => {
  const environment: Record<string, string> = { KEY: 'first-key' };
  await using shop = await openShop({ echo: { document, auth_env_var: 'KEY' } }, { environment });
  await shop.runtime.call('graphql.shop.echo', input);
  environment['KEY'] = 'second-key';
  await shop.runtime.call('graphql.shop.echo', input);
  expect(shop.server.requests.map(({ authorization }) => authorization)).toEqual([
    'Bearer first-key',
    'Bearer second-key',
  ]);
});

test.each([
  [{ auth_env_var: 'UNSET' }, 'UNSET'],
  [{ auth: 'basic', basic_user_env_var: 'KEY', basic_password_env_var: 'UNSET' }, 'UNSET'],
  [{ headers: 'X-Sign: ${UNSET}' }, 'UNSET'],
  [{ auth_env_var: 'BROKEN' }, 'BROKEN'],
])('names the variable that has no usable value, and sends nothing: %j', async (metadata, variable) => {
  await using shop = await openShop(
    { echo: { document, ...metadata } },
    { environment: { KEY: 'key-123', BROKEN: 'secret\nvalue' } },
  );
  const error = await shop.failure('graphql.shop.echo', input);
  expect(error).toMatchObject({ code: 'UNAUTHORIZED', details: { variable } });
  expect(error.message).toContain(variable);
  expect(JSON.stringify(error)).not.toContain('secret');
  expect(shop.server.requests).toEqual([]);
});

test('says which variable holds what was refused, and not its value, which the upstream repeats', async () => {
  await using shop = await openShop(
    { echo: { document, auth_env_var: 'KEY' } },
    { environment: { KEY: 'key-123' }, authorization: () => 'Bearer another' },
  );
  const error = await shop.failure('graphql.shop.echo', input);
  expect(error).toMatchObject({ code: 'UNAUTHORIZED', message: expect.stringContaining('KEY') });
  expect(JSON.stringify(error) + String(error.stack)).not.toContain('key-123');
});

test.each([
  ['Host: elsewhere', 'must not set Host'],
  ['Content-Type: text/plain', 'must not set Content-Type'],
  ['no colon', 'Line 1'],
  ['X-A: 1\nx-a: 2', 'says x-a twice'],
])('refuses the header line %j', async (headers, problem) => {
  await using shop = await openShop({ echo: { document, headers } });
  expect(await shop.failure('graphql.shop.echo', input)).toMatchObject({
    code: 'MANIFEST_INVALID',
    message: expect.stringContaining(problem),
  });
});

test.each([
  ['graphql_auth_header must not set Host', { auth_env_var: 'KEY', auth_header: 'Host' }],
  ['graphql_idempotency_header must not set content-type', { idempotency_header: 'content-type' }],
])('refuses, with its place: %s', async (problem, metadata) => {
  await using shop = await openShop({ echo: { document, ...metadata } }, { environment: { KEY: 'key-123' } });
  expect(await shop.failure('graphql.shop.echo', input)).toMatchObject({
    code: 'MANIFEST_INVALID',
    details: {
      problems: [{ file: join(shop.folder, 'shop.yaml'), problem: expect.stringContaining(problem) as string }],
    },
  });
  expect(shop.server.requests).toEqual([]);
});

test('shares a session between capabilities of one endpoint and identity, and no others', async () => {
  const other = { document: '{ products { id } }', auth_env_var: 'KEY' };
  await using shop = await openShop({
    echo: { document, auth_env_var: 'KEY' },
    products: other,
    version: { ...other, headers: 'X-Version: 1' },
    newer: { ...other, headers: 'X-Version: 2' },
    named: { ...other, auth_env_var: 'OTHER' },
    place: { ...other, endpoint: 'http://127.0.0.1/graphql?shard=1' },
    shard: { ...other, endpoint: 'http://127.0.0.1/graphql?shard=2' },
  });
  const key = (id: string): string => {
    const capability = shop.runtime.marketplace.get(`graphql.shop.${id}`);
    return JSON.stringify(capability && shop.runtime.providers[0]?.sessionKey(capability, {}));
  };
  expect(key('products')).toBe(key('echo'));
  const keys = ['echo', 'version', 'newer', 'named', 'place', 'shard'].map(key);
  expect(new Set(keys).size).toBe(keys.length);
  expect(keys.join('')).not.toContain('shard=');
});
