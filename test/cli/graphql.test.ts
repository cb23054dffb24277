import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startYogaServer, type YogaServer } from '../../packages/provider-graphql/test/servers/yoga-server.ts';
import { capstan, documentOf, type Finished } from './capstan.ts';

const token = 'shop-token-of-the-command';
const environment = { SHOP_TOKEN: token };

let folder: string;
let server: YogaServer;
beforeEach(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'capstan-graphql-')));
  server = await startYogaServer({ authorization: () => `Bearer ${token}` });
});
afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]): Promise<Finished> => capstan(args, { folder, environment });

test('the bundled provider calls an operation of a file, and tells a wrong document with its place', async () => {
  mkdirSync(join(folder, 'capabilities'));
  writeFileSync(
    join(folder, 'capabilities/operations.graphql'),
    'query Product($id: ID!) { product(id: $id) { ...Named } }\nquery Odd { products { ...Missing } }\nfragment Named on Product { title }\n',
  );
  writeFileSync(
    join(folder, 'capabilities/shop.yaml'),
    `metadata:
  graphql_endpoint: ${server.url}
  graphql_auth_env_var: SHOP_TOKEN
  graphql_document_file: operations.graphql
capabilities:
  - id: graphql.shop.product
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    metadata: { graphql_operation_name: Product, graphql_result_path: product.title }
  - id: graphql.shop.odd
    effect: read
    metadata: { graphql_operation_name: Odd }
`,
  );
  expect(await run('call', 'graphql.shop.product', 'id=2')).toEqual({ stdout: 'Anchor\n', stderr: '', exitCode: 0 });
  const odd = await run('call', 'graphql.shop.odd', '--json');
  expect(odd.exitCode).not.toBe(0);
  expect(odd.stdout + odd.stderr).toContain('operations.graphql');
  expect(odd.stdout + odd.stderr).toContain('the fragment Missing is not defined');
  expect(server.requests).toHaveLength(1);
});

test('queries of a live endpoint are imported, listed and called as they were written', async () => {
  const imported = await run('import', 'graphql', server.url, '--name', 'shop', '--auth-env-var', 'SHOP_TOKEN');
  expect(imported).toMatchObject({ exitCode: 0 });
  const written = readFileSync(join(folder, 'capabilities/shop.yaml'), 'utf8');
  expect(written).toContain('2 mutations are not imported');
  expect(written).not.toContain(token);
  expect((await run('validate')).exitCode).toBe(0);
  const called = await run('call', 'graphql.shop.echo', 'text=ahoy', '--json');
  expect(documentOf(called)).toMatchObject({ output: 'ahoy', isError: false });
  const partial = await run('call', 'graphql.shop.products', '--json');
  expect(partial.exitCode).toBe(1);
  expect(documentOf(partial)).toMatchObject({
    output: { data: { products: [{ id: '1', title: 'Rope' }, { id: '2' }] } },
  });
  expect((await run('import', 'graphql', server.url, '--name', 'shop', '--auth-env-var', 'SHOP_TOKEN')).stdout).toMatch(
    /nothing has changed, 8 capabilities/,
  );
});
