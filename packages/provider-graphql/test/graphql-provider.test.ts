import { describe, expect, test } from 'vitest';
import { openShop } from './shop.ts';
import { answering } from './servers/yoga-server.ts';
import { shopSdl } from './servers/shop-schema.ts';

const productQuery = 'query Product($id: ID!) { product(id: $id) { title } }';
const renameMutation = 'mutation Rename($id: ID!, $title: String!) { rename(id: $id, title: $title) { id title } }';

describe('documents', () => {
  test('runs an operation of the manifest with its input as variables, and hands out what the path selects', async () => {
    await using shop = await openShop({ product: { document: productQuery, result_path: 'product.title' } });
    expect(await shop.runtime.call('graphql.shop.product', { id: '2' })).toMatchObject({
      output: 'Anchor',
      isError: false,
      call: { attempts: 1, session: 'new' },
    });
    expect(await shop.runtime.call('graphql.shop.product', { id: '1' })).toMatchObject({ call: { session: 'reused' } });
    expect(await shop.runtime.call('graphql.shop.product', { id: '3' })).toMatchObject({ output: null });
    expect(shop.server.calls).toEqual(['2', '1', '3'].map((id) => ({ field: 'product', args: { id } })));
  });

  test('sends the chosen operation of a file and the fragments that it uses, and nothing else of it', async () => {
    const operations = `
      query One($id: ID!) { product(id: $id) { ...Named } }
      mutation Never { rename(id: "1", title: "never") { id } }
      query All { products { ...Sized } }
      fragment Named on Product { title }
      fragment Sized on Product { ...Named size }
    `;
    await using shop = await openShop(
      {
        all: { document_file: 'operations.graphql', operation_name: 'All', result_path: 'products' },
        first: { document_file: 'operations.graphql', operation_name: 'All', result_path: 'products.0.title' },
        one: { document_file: 'operations.graphql', operation_name: 'One' },
      },
      { files: { 'operations.graphql': operations } },
    );
    const { output } = await shop.runtime.call('graphql.shop.all');
    expect(output).toEqual([
      { title: 'Rope', size: 'SMALL' },
      { title: 'Anchor', size: 'LARGE' },
    ]);
    expect((await shop.runtime.call('graphql.shop.first')).output).toBe('Rope');
    await shop.runtime.call('graphql.shop.one', { id: '1' });
    const [all, , one] = shop.server.bodies;
    expect(all).toMatchObject({ operationName: 'All' });
    expect(all?.['query']).toMatch(/^query All[^]+fragment Named[^]+fragment Sized/);
    expect(all?.['query']).not.toMatch(/One|Never/);
    expect(one?.['query']).not.toMatch(/All|Never|Sized/);
    expect(shop.server.calls.map(({ field }) => field)).toEqual(['products', 'products', 'product']);
  });

  test('refuses variables that the operation does not have or lacks, before anything is sent', async () => {
    await using shop = await openShop({ product: { document: productQuery } });
    const unknown = await shop.failure('graphql.shop.product', { id: '1', idd: '2' });
    expect(unknown).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('/idd is no variable') });
    expect(await shop.failure('graphql.shop.product')).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('/id is required'),
    });
    expect(shop.server.requests).toEqual([]);
  });

  test('misses a variable whose name every object has', async () => {
    await using shop = await openShop({
      echo: { document: 'query Q($constructor: String!) { echo(text: $constructor) }' },
    });
    expect(await shop.failure('graphql.shop.echo')).toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining('/constructor is required'),
    });
    expect(shop.server.requests).toEqual([]);
  });

  test('holds variables against the types of a schema file, before anything is sent', async () => {
    const document = 'query Big($bytes: Int!) { big(bytes: $bytes) }';
    await using shop = await openShop(
      { big: { document, schema: 'schema.graphql', result_path: 'big' }, unchecked: { document } },
      { files: { 'schema.graphql': shopSdl } },
    );
    const error = await shop.failure('graphql.shop.big', { bytes: 'three' });
    expect(error).toMatchObject({ code: 'INPUT_INVALID', message: expect.stringContaining('cannot represent') });
    const long = await shop.failure('graphql.shop.big', { bytes: 'three'.repeat(10_000) });
    expect(JSON.stringify(long).length).toBeLessThan(2000);
    expect(shop.server.requests).toEqual([]);
    expect((await shop.runtime.call('graphql.shop.big', { bytes: 3 })).output).toBe('xxx');
    expect((await shop.failure('graphql.shop.unchecked', { bytes: 'three' })).code).toMatch(/UPSTREAM|INPUT/);
    expect(shop.server.requests).toHaveLength(2);
  });
});

describe('results', () => {
  const partial = '{ product(id: "1") { title price } }';
  const errors = [{ message: 'Refused, says NO_PRICE', path: ['product', 'price'], code: 'NO_PRICE' }];
  const data = { product: { title: 'Rope', price: null } };

  test('makes an error of data with errors beside them, and shows both', async () => {
    await using shop = await openShop({ partial: { document: partial, result_path: 'product' } });
    expect(await shop.runtime.call('graphql.shop.partial')).toMatchObject({
      output: { data, errors },
      content: [{ type: 'text', text: 'Refused, says NO_PRICE (at product.price, NO_PRICE)' }],
      isError: true,
      call: { attempts: 1 },
    });
  });

  test('keeps or drops the errors where the manifest says so', async () => {
    await using shop = await openShop({
      all: { document: partial, error_policy: 'all' },
      well: { document: '{ product(id: "1") { title } }', error_policy: 'all' },
      ignore: { document: partial, error_policy: 'ignore', result_path: 'product' },
    });
    expect(await shop.runtime.call('graphql.shop.all')).toMatchObject({ output: { data, errors }, isError: false });
    expect(await shop.runtime.call('graphql.shop.well')).toMatchObject({ output: { errors: [] }, isError: false });
    expect(await shop.runtime.call('graphql.shop.ignore')).toMatchObject({ output: data.product, isError: false });
    expect(shop.logged).toContainEqual(
      expect.objectContaining({ level: 'warning', message: 'graphql.errors-ignored' }) as object,
    );
  });

  test('is an error result, not a failed call, where a field that must not be null takes all data with it', async () => {
    await using shop = await openShop({ wrong: { document: '{ wrong }' } });
    expect(await shop.runtime.call('graphql.shop.wrong')).toMatchObject({
      output: { data: null, errors: [{ path: ['wrong'], code: 'BROKEN' }] },
      isError: true,
    });
  });

  test('holds the output against its schema: logs by default, fails where strict', async () => {
    const output = { type: 'object', properties: { title: { type: 'integer' } } };
    const shared = { document: '{ product(id: "1") { title } }', result_path: 'product', output };
    await using shop = await openShop({
      warn: shared,
      strict: { ...shared, output_validation: 'strict' },
      off: { ...shared, output_validation: 'off' },
    });
    expect((await shop.runtime.call('graphql.shop.off')).output).toEqual({ title: 'Rope' });
    expect(shop.logged.filter(({ message }) => message === 'graphql.output-invalid')).toEqual([]);
    expect((await shop.runtime.call('graphql.shop.warn')).output).toEqual({ title: 'Rope' });
    expect(shop.logged.filter(({ message }) => message === 'graphql.output-invalid')).toHaveLength(1);
    const error = await shop.failure('graphql.shop.strict');
    expect(error).toMatchObject({ code: 'OUTPUT_INVALID', message: expect.stringContaining('/title must be integer') });
    expect(error.message).not.toContain('Rope');
  });

  test('keeps all digits of an integer that JavaScript would round', async () => {
    await using shop = await openShop({ big: { document: '{ product(id: "1") { title } }' } });
    shop.server.interfere((response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end('{"data":{"id":9007199254740993,"n":-12,"f":1234567890.125000000000000,"t":"9007199254740993"}}');
    });
    expect((await shop.runtime.call('graphql.shop.big')).output).toEqual({
      id: '9007199254740993',
      n: -12,
      f: 1234567890.125,
      t: '9007199254740993',
    });
  });

  test('gives an answer up that is larger than allowed', async () => {
    const document = 'query Big($bytes: Int!) { big(bytes: $bytes) }';
    await using shop = await openShop({ big: { document } }, { metadata: { call_max_output_bytes: 2000 } });
    expect(await shop.runtime.call('graphql.shop.big', { bytes: 1000 })).toMatchObject({ isError: false });
    expect(await shop.failure('graphql.shop.big', { bytes: 3000 })).toMatchObject({
      code: 'UPSTREAM_ERROR',
      retryable: false,
      details: { reason: 'too_large' },
    });
  });
});

describe('repeats', () => {
  const busy = answering(503, 'busy');

  test('repeats a read that met a busy upstream, and never a mutation that was sent', async () => {
    await using shop = await openShop({
      product: { document: productQuery },
      rename: { document: renameMutation, effect: 'once' },
    });
    shop.server.interfere(busy, busy);
    expect(await shop.runtime.call('graphql.shop.product', { id: '1' })).toMatchObject({ call: { attempts: 3 } });
    expect(shop.server.requests).toHaveLength(3);
    shop.server.interfere(busy, busy);
    expect(await shop.failure('graphql.shop.rename', { id: '1', title: 'Line' })).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
    });
    expect(shop.server.requests).toHaveLength(4);
  });

  test('repeats a mutation that was refused for too many calls, when the upstream said', async () => {
    await using shop = await openShop({ rename: { document: renameMutation, effect: 'once' } });
    shop.server.interfere(answering(429, 'slow down', { 'retry-after': '1' }));
    const started = performance.now();
    const result = await shop.runtime.call('graphql.shop.rename', { id: '1', title: 'Line' });
    expect(result).toMatchObject({ output: { rename: { title: 'Line' } }, call: { attempts: 2 } });
    expect(performance.now() - started).toBeGreaterThanOrEqual(990);
  });

  test.each([
    ['header', { idempotency_header: 'Idempotency-Key' }, renameMutation],
    ['variable', { idempotency_variable: 'key' }, renameMutation.replace(') {', ', $key: String!) {')],
  ] as const)('repeats a keyed mutation with the same key in its %s', async (where, metadata, mutation) => {
    const document = where === 'variable' ? mutation.replace('title: $title)', 'title: $title, key: $key)') : mutation;
    await using shop = await openShop({ rename: { document, effect: 'keyed', ...metadata } });
    const keys: unknown[] = [];
    shop.server.interfere((response) => void response.socket?.destroy());
    const result = await shop.runtime.call(
      'graphql.shop.rename',
      { id: '1', title: 'Line' },
      { idempotencyKey: 'k-1' },
    );
    expect(result).toMatchObject({ call: { attempts: 2 }, isError: false });
    for (const headers of shop.server.requests) keys.push(headers['idempotency-key']);
    for (const { args } of shop.server.calls) keys.push((args as { key?: string }).key);
    expect(keys).toEqual(where === 'header' ? ['k-1', 'k-1', undefined] : [undefined, undefined, 'k-1']);
  });

  test('gives a keyed mutation its key where the input says null', async () => {
    const document = renameMutation.replace(') {', ', $key: String) {');
    await using shop = await openShop({
      rename: {
        document: document.replace('title: $title)', 'title: $title, key: $key)'),
        effect: 'keyed',
        idempotency_variable: 'key',
      },
    });
    const input = { id: '1', title: 'Line', key: null };
    await shop.runtime.call('graphql.shop.rename', input, { idempotencyKey: 'k-1' });
    expect(shop.server.calls).toMatchObject([{ args: { key: 'k-1' } }]);
  });

  test('does not repeat a mutation some of which ran before credentials were refused', async () => {
    const document = 'mutation M { rename(id: "1", title: "Line") { id } guarded }';
    const metadata = { graphql_auth_env_var: 'TOKEN' };
    await using shop = await openShop(
      { both: { document, effect: 'once' } },
      { metadata, environment: { TOKEN: 'token-1' } },
    );
    expect(await shop.failure('graphql.shop.both')).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(shop.server.requests).toHaveLength(1);
    shop.server.interfere(
      answering(200, { data: null, errors: [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }] }),
    );
    expect(await shop.failure('graphql.shop.both')).toMatchObject({ code: 'UNAUTHORIZED' });
    const throttled = [{ message: 'x', path: ['guarded'], extensions: { code: 'THROTTLED' } }];
    shop.server.interfere(answering(200, { data: null, errors: throttled }));
    expect(await shop.failure('graphql.shop.both')).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    expect(shop.server.requests).toHaveLength(3);
  });
});

describe('time', () => {
  test('ends a call at once when it is cancelled, and at its deadline', async () => {
    await using shop = await openShop({ product: { document: productQuery } });
    const held = Promise.withResolvers<void>();
    const hold = (): void => held.resolve();
    shop.server.interfere(hold, hold);
    const controller = new AbortController();
    const call = shop.runtime.call('graphql.shop.product', { id: '1' }, { signal: controller.signal });
    await held.promise;
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: 'CANCELLED' });
    const started = performance.now();
    await expect(shop.runtime.call('graphql.shop.product', { id: '1' }, { timeoutMs: 150 })).rejects.toMatchObject({
      code: 'TIMEOUT',
    });
    expect(performance.now() - started).toBeLessThan(2000);
    expect((await shop.runtime.call('graphql.shop.product', { id: '1' })).isError).toBe(false);
  });
});

describe('sessions', () => {
  test('refuses to be called through a session that there is not, and sends nothing', async () => {
    await using shop = await openShop({ product: { document: productQuery, requires_session: true } });
    expect(await shop.failure('graphql.shop.product', { id: '1' })).toMatchObject({ code: 'SESSION_UNAVAILABLE' });
    expect(shop.server.requests).toEqual([]);
  });

  test('calls without a session where the manifest says so', async () => {
    await using shop = await openShop({ product: { document: productQuery, requires_session: false } });
    expect(await shop.runtime.call('graphql.shop.product', { id: '1' })).toMatchObject({ call: { session: 'none' } });
  });
});
