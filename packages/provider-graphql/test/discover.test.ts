import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Discovers, type JsonObject, type ManifestDraft } from '@capstan/provider';
import { graphqlProvider } from '@capstan/provider-graphql';
import { createRuntime } from '@capstan/runtime';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { answering, startYogaServer } from './servers/yoga-server.ts';
import { shopSdl } from './servers/shop-schema.ts';

interface Imported {
  readonly drafts: readonly ManifestDraft[];
  /** By the last word of the id. */
  readonly documents: Readonly<Record<string, string>>;
}

async function discover(
  location: readonly string[],
  options: JsonObject = {},
  environment: Readonly<Record<string, string>> = {},
): Promise<Imported> {
  await using runtime = await createRuntime({ manifests: [], providers: [graphqlProvider()], environment });
  const plugin = runtime.providers[0] as unknown as Discovers;
  const drafts = await Array.fromAsync(
    plugin.discover({ location, options, caller: {} }, new AbortController().signal),
  );
  const documents = drafts.map(({ capability: { id, metadata } }) => [
    id.split('.').at(-1),
    String(metadata['graphql_document']).replaceAll(/\s+/g, ' '),
  ]);
  return { drafts, documents: Object.fromEntries(documents) as Imported['documents'] };
}

async function ofSdl(sdl: string, options: JsonObject = {}): Promise<Imported> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'capstan-graphql-')));
  try {
    writeFileSync(join(folder, 'shop.graphql'), sdl);
    return await discover([join(folder, 'shop.graphql')], { endpoint: 'https://shop.example/graphql', ...options });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('import', () => {
  test('drafts each query of a schema file, to be called at the endpoint that was named', async () => {
    const { drafts, documents } = await ofSdl(shopSdl, { authEnvVar: 'SHOP_TOKEN' });
    expect(documents).toMatchObject({
      product: 'query Product($id: ID!) { product(id: $id) { id price size title } }',
      products: 'query Products { products { id price size title } }',
    });
    expect(drafts.map(({ capability }) => capability.id)).toEqual(
      ['big', 'broken', 'echo', 'forbidden', 'product', 'products', 'secret', 'wrong'].map(
        (name) => `graphql.shop.${name}`,
      ),
    );
    expect(drafts.find(({ capability }) => capability.id === 'graphql.shop.echo')).toEqual({
      capability: {
        id: 'graphql.shop.echo',
        kind: 'tool',
        effect: 'read',
        publish: false,
        input: {
          type: 'object',
          properties: { text: { type: 'string' } },
          required: ['text'],
          additionalProperties: false,
        },
        metadata: {
          graphql_document: 'query Echo($text: String!) {\n  echo(text: $text)\n}',
          graphql_result_path: 'echo',
        },
      },
      notes: [],
      metadata: {
        graphql_endpoint: 'https://shop.example/graphql',
        graphql_requires_session: 'auto',
        graphql_auth_env_var: 'SHOP_TOKEN',
      },
      sharedNotes: ['2 mutations are not imported: name them with --only, or say --mutations all'],
    });
  });

  test('drafts the same of a live endpoint as of its file, with its credential', async () => {
    await using server = await startYogaServer({ authorization: () => 'Bearer shop-token' });
    const live = await discover([server.url], { name: 'shop', authEnvVar: 'SHOP_TOKEN' }, { SHOP_TOKEN: 'shop-token' });
    const { drafts } = await ofSdl(shopSdl);
    expect(live.drafts.map(({ capability }) => capability)).toEqual(drafts.map(({ capability }) => capability));
    expect(JSON.stringify(live.drafts)).not.toContain('shop-token');
  });

  test('asks less of a server that does not know all of introspection', async () => {
    await using server = await startYogaServer();
    const refusal = answering(400, { errors: [{ message: 'Cannot query field "isOneOf"' }] });
    server.interfere(refusal, refusal);
    expect((await discover([server.url])).drafts).toHaveLength(8);
    expect(server.requests).toHaveLength(3);
    server.interfere(refusal, refusal, refusal);
    await expect(discover([server.url])).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' });
  });

  test('says so where an endpoint answers introspection with no schema', async () => {
    await using server = await startYogaServer();
    const answers = [
      null,
      {},
      { queryType: { name: 'Query' }, types: [{ kind: 'OBJECT', name: 'a b' }], directives: [] },
    ];
    for (const schema of answers) {
      server.interfere(answering(200, { data: { __schema: schema } }));
      await expect(discover([server.url])).rejects.toMatchObject({ code: 'UPSTREAM_ERROR', retryable: false });
    }
  });

  test('drafts only what was named, and mutations only where they were, or all of them', async () => {
    const names = async (options: JsonObject): Promise<readonly string[]> =>
      Object.keys((await ofSdl(shopSdl, options)).documents);
    expect(await names({ only: ['product', 'rename'] })).toEqual(['product', 'rename']);
    expect(await names({ only: ['product', 'rename'], mutations: 'none' })).toEqual(['product']);
    const { drafts } = await ofSdl(shopSdl, { mutations: 'all' });
    expect(
      drafts.filter(({ capability }) => capability.effect === 'once').map(({ capability }) => capability.id),
    ).toEqual(['graphql.shop.guarded', 'graphql.shop.rename']);
    expect(drafts).toHaveLength(10);
    expect(drafts[0]).not.toHaveProperty('sharedNotes');
    await expect(ofSdl(shopSdl, { only: ['prodct'] })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  test('tells a query and a mutation of one name apart', async () => {
    const sdl = 'type Query { ping: Int only: Int } type Mutation { ping: Int }';
    const { drafts } = await ofSdl(sdl, { mutations: 'all' });
    expect(drafts.map(({ capability: { id, effect } }) => `${id} ${effect}`)).toEqual([
      'graphql.shop.only read',
      'graphql.shop.query.ping read',
      'graphql.shop.mutation.ping once',
    ]);
  });

  test.each<readonly [what: string, location: readonly string[], options: JsonObject, code: string]>([
    ['a file without an endpoint', ['shop.graphql'], {}, 'INPUT_INVALID'],
    ['a file that is missing', ['none.graphql'], { endpoint: 'https://shop.example/' }, 'INPUT_INVALID'],
    ['two places', ['a', 'b'], {}, 'INPUT_INVALID'],
    ['a header without a credential', ['https://shop.example/'], { authHeader: 'X-Key' }, 'INPUT_INVALID'],
    ['a URL with a password', ['https://a:b@shop.example/'], {}, 'MANIFEST_INVALID'],
    ['a variable that is not set', ['https://shop.example/'], { authEnvVar: 'UNSET' }, 'UNAUTHORIZED'],
  ])('refuses %s', async (_, location, options, code) => {
    await expect(discover(location, options)).rejects.toMatchObject({ code });
  });
});

describe('selection', () => {
  test('takes the leaf fields of a result and of its objects, without what is deprecated, wants arguments or turns back', async () => {
    const { documents } = await ofSdl(`
      type Query { me: User }
      type User { id: ID! old: Int @deprecated manager: User avatar(size: Int!): String address: Address empty: Empty }
      type Address { city: String country: Country }
      type Country { code: String }
      type Empty { country: Country }
    `);
    expect(documents['me']).toBe('query Me { me { address { city } empty { __typename } id } }');
  });

  test('asks for a page of a connection, and leaves connections within a result out', async () => {
    const { documents } = await ofSdl(`
      type Query { users(first: Int, after: String): UserConnection me: User }
      type UserConnection { edges: [UserEdge] nodes: [User] pageInfo: PageInfo! totalCount: Int }
      type UserEdge { cursor: String node: User }
      type PageInfo { hasNextPage: Boolean! endCursor: String }
      type User { id: ID! friends(first: Int): UserConnection }
    `);
    expect(documents['users']).toBe(
      'query Users($after: String, $first: Int = 20) { users(after: $after, first: $first) { nodes { id } pageInfo { endCursor hasNextPage } totalCount } }',
    );
    expect(documents['me']).toBe('query Me { me { id } }');
  });

  test('gives each field of a union a name of its own, and an interface its own fields', async () => {
    const many = Array.from({ length: 21 }, (_, index) => `T${index}`);
    const { documents } = await ofSdl(`
      type Query { found: Found node: Node any: Any }
      union Found = A | B
      interface Node { id: ID! }
      type A implements Node { id: ID! name: String! }
      type B implements Node { id: ID! name: String }
      union Any = ${many.join(' | ')}
      ${many.map((name) => `type ${name} { id: ID }`).join('\n')}
    `);
    expect(documents).toEqual({
      any: 'query Any { any { __typename } }',
      found:
        'query Found { found { __typename ... on A { id__A: id name__A: name } ... on B { id__B: id name__B: name } } }',
      node: 'query Node { node { __typename id } }',
    });
  });

  test('imports what a schema that breaks a rule still says', async () => {
    const { documents } = await ofSdl('type Query { a: T } type T { x: Int x: Int y: Int }');
    expect(documents['a']).toBe('query A { a { x y } }');
  });
});

describe('input', () => {
  const sdl = `
    type Query { find(where: Filter, by: By!, sizes: [Size!] = [SMALL], limit: Int! = 5, at: Date, raw: JSON!): Int }
    "What to look for" input Filter { and: [Filter!] not: Filter name: String size: Size! price: Float = 1.5 }
    input By @oneOf { id: ID name: String }
    enum Size { SMALL LARGE }
    scalar Date scalar JSON
  `;

  test('refers to types, which may hold themselves, and gives every property a type', async () => {
    const { drafts } = await ofSdl(sdl);
    const input = drafts[0]?.capability.input ?? {};
    const validate = new Ajv2020({ strict: false }).compile(input);
    const base = { by: { id: '1' }, raw: [1] };
    const deep = {
      size: 'SMALL',
      and: [{ size: 'LARGE', not: { size: 'SMALL', and: [{ size: 'SMALL', not: null }] } }],
    };
    const fits = (value: object): boolean => validate({ ...base, ...value });
    expect(
      [{}, { where: deep }, { limit: 3 }, { sizes: null }, { sizes: ['SMALL'] }, { at: '2026' }].map(fits),
    ).toEqual(Array(6).fill(true));
    expect(
      [
        { where: { size: 'HUGE' } },
        { where: {} },
        { where: { size: 'SMALL', color: 'red' } },
        { by: {} },
        { by: { id: '1', name: 'a' } },
        { by: { id: null } },
        { limit: null },
        { limit: 2 ** 31 },
        { at: 5 },
        { raw: null },
        { more: 1 },
      ].map(fits),
    ).toEqual(Array(11).fill(false));
    expect(input).toMatchObject({ $defs: { Filter: { description: 'What to look for' } } });
    expect(Object.keys(input['$defs'] ?? {})).toEqual(['By', 'Filter', 'Size']);
  });

  test('gives a type to a scalar whose name every object has', async () => {
    const { drafts } = await ofSdl('scalar constructor type Query { a(at: constructor, by: constructor!): Int }');
    expect(drafts[0]?.capability.input).toMatchObject({
      properties: { at: { type: ['string', 'null'] }, by: { type: 'string' } },
    });
  });
});
