import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSchema, introspectionFromSchema } from 'graphql';
import { expect, test } from 'vitest';
import { shopSdl } from './servers/shop-schema.ts';
import { type Declaration, openShop } from './shop.ts';

const files = { 'schema.graphql': shopSdl };
const schema = 'schema.graphql';

test.each<readonly [what: string, declaration: Declaration, problem: string]>([
  ['a syntax error', { document: 'query {\n  product(' }, 'graphql_document, line 2, column 11: Syntax Error'],
  ['too many levels', { document: '{a'.repeat(12_000) + '}'.repeat(12_000) }, 'nested too deeply'],
  ['several operations and no name', { document: 'query A { a } query B { b }' }, 'name one of A, B'],
  ['a name that is not there', { document: 'query A { a }', operation_name: 'C' }, 'has only A'],
  [
    'a name said twice',
    { document: 'query A { a } query A { b }', operation_name: 'A' },
    'several operations called A',
  ],
  ['fragments alone', { document: 'fragment F on Product { id }' }, 'has no operation'],
  ['a fragment that is missing', { document: '{ product(id: 1) { ...F } }' }, 'the fragment F is not defined'],
  ['a subscription', { document: 'subscription { ticks }' }, 'a subscription cannot be called'],
  ['@defer', { document: '{ ... @defer { products { id } } }' }, '@defer is not supported'],
  [
    'a mutation that is declared read',
    { document: 'mutation { guarded }', effect: 'read' },
    'cannot have effect: read',
  ],
  [
    'keyed without a place for the key',
    { document: 'mutation { guarded }', effect: 'keyed' },
    'needs a place for the key',
  ],
  [
    'a variable of the key that is not there',
    { document: 'mutation { guarded }', effect: 'keyed', idempotency_variable: 'key' },
    'names $key, which the operation has not',
  ],
  [
    'a path that is not selected',
    { document: '{ p: product(id: 1) { id } }', result_path: 'p.title' },
    'selected there is id',
  ],
  [
    'a path beside the policy all',
    { document: '{ a }', result_path: 'a', error_policy: 'all' },
    'delete graphql_result_path',
  ],
  [
    'a field that the schema has not',
    { document: '{\n  prodct }', schema },
    'line 2, column 3: Cannot query field "prodct"',
  ],
  [
    'a variable of another type',
    { document: 'query Q($i: Int!) { product(id: $i) { id } }', schema },
    'used in position',
  ],
  ['a file that is missing', { document_file: 'none.graphql' }, 'cannot be read (ENOENT)'],
  ['what is no file', { document_file: '.' }, 'no regular file'],
  ['a schema file that is missing', { document: '{ a }', schema: 'none.graphql' }, 'cannot be read (ENOENT)'],
])('refuses %s, names the place and sends nothing', async (_, declaration, problem) => {
  await using shop = await openShop({ odd: declaration }, { files });
  const error = await shop.failure('graphql.shop.odd');
  expect(error).toMatchObject({ code: 'MANIFEST_INVALID', message: expect.stringContaining(problem) });
  const [located] = error.details['problems'] as readonly { file: string; line: number; column: number }[];
  expect(located).toMatchObject({ file: join(shop.folder, 'shop.yaml'), problem: expect.stringContaining(problem) });
  expect(located?.line).toBeGreaterThan(1);
  expect(shop.server.requests).toEqual([]);
});

test('names every problem of a document file at its own line and column', async () => {
  await using shop = await openShop(
    { odd: { document_file: 'odd.graphql', schema } },
    { files: { ...files, 'odd.graphql': 'query Q {\n  products { id }\n  nothing\n  products { wight }\n}\n' } },
  );
  const { details } = await shop.failure('graphql.shop.odd');
  const file = join(shop.folder, 'odd.graphql');
  expect(details['problems']).toEqual([
    { file, line: 3, column: 3, problem: expect.stringContaining('"nothing"') as string },
    { file, line: 4, column: 14, problem: expect.stringContaining('"wight"') as string },
  ]);
});

test.each([
  ['SDL that does not parse', 'type Query {\n  a: \n}', 3, 'Syntax Error'],
  ['JSON that is no introspection result', '{ "data": {} }', 1, 'no introspection result'],
])('names the place in a schema file of %s', async (_, text, line, problem) => {
  await using shop = await openShop({ odd: { document: '{ a }', schema } }, { files: { 'schema.graphql': text } });
  const { details } = await shop.failure('graphql.shop.odd');
  expect(details['problems']).toEqual([
    { file: join(shop.folder, schema), line, column: 1, problem: expect.stringContaining(problem) as string },
  ]);
});

test('looks again after a document file was mended', async () => {
  await using shop = await openShop({ late: { document_file: 'late.graphql' } });
  expect((await shop.failure('graphql.shop.late')).code).toBe('MANIFEST_INVALID');
  writeFileSync(join(shop.folder, 'late.graphql'), '{ products { id } }');
  expect(await shop.runtime.call('graphql.shop.late')).toMatchObject({ isError: false });
});

test('reads a schema again once its file has changed', async () => {
  await using shop = await openShop(
    {
      one: { document: '{ products { id } }', schema },
      two: { document: '{ products { title } }', schema },
    },
    { files },
  );
  await shop.runtime.call('graphql.shop.one');
  writeFileSync(join(shop.folder, schema), 'type Query { other: Int }');
  utimesSync(join(shop.folder, schema), 1, 1);
  expect((await shop.failure('graphql.shop.two')).code).toBe('MANIFEST_INVALID');
});

test.each([
  ['bare', (introspection: object) => introspection],
  ['as an answer', (introspection: object) => ({ data: introspection })],
])('takes a schema as an introspection result, %s', async (_, wrap) => {
  const text = JSON.stringify(wrap(introspectionFromSchema(buildSchema(shopSdl))));
  await using shop = await openShop(
    {
      good: { document: '{ products { id } }', schema: 'schema.json' },
      odd: { document: '{ prodct }', schema: 'schema.json' },
    },
    { files: { 'schema.json': text } },
  );
  expect(await shop.runtime.call('graphql.shop.good')).toMatchObject({ isError: false });
  expect(await shop.failure('graphql.shop.odd')).toMatchObject({ code: 'MANIFEST_INVALID' });
});

test('says that a query without an effect may well be repeated', async () => {
  await using shop = await openShop({ plain: { document: '{ products { id } }', effect: 'once' } });
  await shop.runtime.call('graphql.shop.plain');
  expect(shop.logged).toContainEqual(expect.objectContaining({ message: 'graphql.query-declared-once' }) as object);
});

test.each<readonly [what: string, declaration: Declaration]>([
  ['both kinds of document', { document: '{ a }', document_file: 'a.graphql' }],
  ['no document', {}],
  ['a schema at a URL', { document: '{ a }', schema: 'https://api.example.com/graphql' }],
  ['a bearer token without its variable', { document: '{ a }', auth: 'bearer' }],
  ['a key that there is not', { document: '{ a }', transport: 'ws' }],
])('is not loaded with %s', async (_, declaration) => {
  await expect(openShop({ odd: declaration })).rejects.toMatchObject({ code: 'MANIFEST_INVALID' });
});

test('finds a path among fragments that spread others twice, however many', async () => {
  const fragments = Array.from({ length: 22 }, (_, n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`);
  const document = ['{ ...F0 }', ...fragments, 'fragment F22 on Query { p: products { id } }'].join(' ');
  await using shop = await openShop({ odd: { document, result_path: 'p.title' } });
  const started = performance.now();
  expect(await shop.failure('graphql.shop.odd')).toMatchObject({ code: 'MANIFEST_INVALID' });
  expect(performance.now() - started).toBeLessThan(1000);
});
