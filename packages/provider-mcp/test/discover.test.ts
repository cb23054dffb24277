import { expect, test } from 'vitest';
import { createDiscoverHarness, tool } from './discover-harness.ts';
import { capabilityOf } from './harness.ts';
import { startCatalogServer } from './servers/catalog-server.ts';
import { startLegacyServer } from './servers/legacy-server.ts';
import { startModernServer } from './servers/modern-server.ts';

const { discover } = createDiscoverHarness();

test('drafts one capability of each tool, sorted, with a pin, and takes no hint for an effect', async () => {
  const inputSchema = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
  const annotations = { readOnlyHint: true, title: 'Second' };
  await using server = await startCatalogServer({
    tools: [tool('b', { inputSchema, annotations, outputSchema: { type: 'object' } }), tool('a')],
  });
  const drafts = await discover({ location: [server.url], options: { name: 'Some Server' } });
  expect(drafts.map(({ capability }) => capability.id)).toEqual(['mcp.some_server.a', 'mcp.some_server.b']);
  expect(drafts[1]).toEqual({
    capability: {
      id: 'mcp.some_server.b',
      kind: 'tool',
      name: 'Second',
      description: 'Does b',
      effect: 'once',
      publish: true,
      input: inputSchema,
      output: { type: 'object' },
      metadata: { mcp_tool_name: 'b', mcp_definition_sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    },
    metadata: { mcp_server_url: server.url, mcp_requires_session: 'auto' },
    notes: ['the server says: read-only'],
  });
});

test('drafts resources, templates and prompts where they are asked for', async () => {
  await using server = await startCatalogServer({
    tools: [tool('t')],
    resources: [{ uri: 'file:///a', name: 'a.md' }],
    resourceTemplates: [{ uriTemplate: 'db://{table}/{+row}{?a,b*}', name: 'row' }],
    prompts: [{ name: 'p', arguments: [{ name: 'x', description: 'An x', required: true }, { name: 'y' }] }],
  });
  const location = [server.url];
  expect(await discover({ location })).toHaveLength(1);
  const drafts = await discover({ location, options: { name: 's', resources: true, prompts: true } });
  const byId = new Map(drafts.map(({ capability }) => [capability.id, capability]));
  expect([...byId.keys()]).toEqual([
    'mcp.s.t',
    'mcp.s.prompts.p',
    'mcp.s.resource_templates.row',
    'mcp.s.resources.a_md',
  ]);
  expect(byId.get('mcp.s.prompts.p')).toMatchObject({
    kind: 'prompt',
    effect: 'read',
    input: { properties: { x: { type: 'string', description: 'An x' }, y: { type: 'string' } }, required: ['x'] },
    metadata: { mcp_prompt_name: 'p' },
  });
  expect(byId.get('mcp.s.resource_templates.row')).toMatchObject({
    kind: 'resource-template',
    input: { properties: { table: {}, row: {}, a: {}, b: {} } },
  });
  expect(byId.get('mcp.s.resources.a_md')?.metadata).toEqual({ mcp_resource_uri: 'file:///a' });
});

test('finds the same at a server of either era', async () => {
  await using legacy = await startLegacyServer();
  await using modern = await startModernServer();
  const ofLegacy = await discover({ location: [legacy.url], options: { name: 's' } });
  const ofModern = await discover({ location: [modern.url], options: { name: 's', protocol: 'modern' } });
  const idsOf = (drafts: typeof ofLegacy): readonly string[] => drafts.map(({ capability }) => capability.id);
  expect(idsOf(ofLegacy)).toContain('mcp.s.echo');
  expect(idsOf(ofModern)).toEqual(idsOf(ofLegacy));
});

test('leaves out what declares headers against the rules, where they mean something', async () => {
  const inputSchema = { type: 'object', properties: { a: { type: 'object', 'x-mcp-header': 'A' } } };
  const tools = [tool('bad', { inputSchema }), tool('good')];
  await using legacy = await startCatalogServer({ tools });
  await using modern = await startCatalogServer({ tools }, { modern: true });
  expect(await discover({ location: [legacy.url] })).toHaveLength(2);
  const drafts = await discover({ location: [modern.url] });
  expect(drafts.map(({ capability }) => capability.metadata['mcp_tool_name'])).toEqual(['good']);
  expect(drafts[0]?.sharedNotes).toEqual([expect.stringContaining('the tool bad was left out: x-mcp-header at a')]);
});

test('declares tasks for a tool that answers in no other way', async () => {
  await using server = await startCatalogServer({ tools: [tool('a', { execution: { taskSupport: 'required' } })] });
  const [draft] = await discover({ location: [server.url] });
  expect(draft?.capability.metadata).toMatchObject({ mcp_client_capabilities: 'elicitation tasks' });
});

test('drops a malformed tool by itself, and says so', async () => {
  let deep: unknown = {};
  for (let level = 0; level < 100; level++) deep = { deep };
  await using server = await startCatalogServer({
    tools: [
      tool('good'),
      { name: 'schemaless' },
      7,
      { inputSchema: {} },
      tool('good'),
      tool('deep', { inputSchema: deep }),
    ],
  });
  const [only, ...others] = await discover({ location: [server.url] });
  expect({ id: only?.capability.id, others }).toEqual({ id: 'mcp.catalog.good', others: [] });
  expect(only?.sharedNotes).toEqual([
    'tool 2 was left out: its inputSchema is no object',
    'tool 3 was left out: it is no object',
    'tool 4 was left out: it has no name',
    'tool 5 was left out: another before it has the same name',
    'tool 6 was left out: it is nested deeper than 64 levels',
  ]);
});

test.each([
  { tools: 130, pageSize: 2, circle: undefined, found: 128, says: 'page 64 and no further' },
  { tools: 5_010, pageSize: 1_000, circle: undefined, found: 5_000, says: 'number 5000 and no further' },
  { tools: 9, pageSize: 3, circle: 1, found: 6, says: 'page 2, from where it leads in a circle' },
  { tools: 9, pageSize: 3, circle: undefined, found: 9, says: undefined },
])('reads $tools tools in pages of $pageSize up to $says', async ({ tools, pageSize, circle, found, says }) => {
  const listed = Array.from({ length: tools }, (_, index) => tool(`tool_${index}`));
  const options = circle === undefined ? { pageSize } : { pageSize, circle };
  await using server = await startCatalogServer({ tools: listed }, options);
  const drafts = await discover({ location: [server.url] });
  expect(drafts).toHaveLength(found);
  expect(drafts[0]?.sharedNotes).toEqual(says === undefined ? undefined : [`the list of tools was read up to ${says}`]);
});

test('gives names that come to one id numbers that depend on nothing but the names', async () => {
  const names = ['get sum', 'get_sum', 'get-sum', 'weiß', '天気', '!!'];
  await using server = await startCatalogServer({ tools: names.map((name) => tool(name)) });
  const idsOf = async (): Promise<unknown> =>
    Object.fromEntries(
      (await discover({ location: [server.url], options: { name: 's' } })).map(({ capability: { id, metadata } }) => [
        metadata['mcp_tool_name'],
        id,
      ]),
    );
  const ids = await idsOf();
  expect(ids).toEqual({
    get_sum: 'mcp.s.get_sum',
    'get sum': 'mcp.s.get_sum_2',
    'get-sum': 'mcp.s.get_sum_3',
    weiß: 'mcp.s.wei',
    '!!': 'mcp.s.unnamed',
    天気: 'mcp.s.unnamed_2',
  });
  server.catalog.tools = names.toReversed().map((name) => tool(name));
  expect(await idsOf()).toEqual(ids);
});

test('takes only what was named, and refuses what is not offered', async () => {
  await using server = await startCatalogServer({ tools: [tool('a'), tool('b')] });
  const drafts = await discover({ location: [server.url], options: { only: ['b'] } });
  expect(drafts.map(({ capability }) => capability.metadata['mcp_tool_name'])).toEqual(['b']);
  await expect(discover({ location: [server.url], options: { only: ['c'] } })).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining('It offers: a, b.'),
  });
});

test('looks again at the server of a capability', async () => {
  await using server = await startCatalogServer({ tools: [tool('a')] });
  const [first] = await discover({ location: [server.url] });
  const like = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'a' });
  const [again] = await discover({ like });
  expect(again?.capability.metadata).toEqual(first?.capability.metadata);
  server.catalog.tools = [tool('a', { description: 'Does something else' })];
  const [changed] = await discover({ like });
  expect(changed?.capability.metadata['mcp_definition_sha256']).not.toBe(
    first?.capability.metadata['mcp_definition_sha256'],
  );
});

test.each([
  ['a server that offers nothing', { tools: [] }, 'UPSTREAM_ERROR', 'offers nothing that can be imported'],
  ['a server whose tools are all malformed', { tools: [1] }, 'UPSTREAM_ERROR', 'tool 1 was left out'],
])('fails on %s', async (_, catalog, code, says) => {
  await using server = await startCatalogServer(catalog);
  await expect(discover({ location: [server.url] })).rejects.toMatchObject({
    code,
    message: expect.stringContaining(says),
  });
});

test('fails where the server refuses to list', async () => {
  await using server = await startCatalogServer({ tools: [tool('a')] });
  server.failLists(true);
  await expect(discover({ location: [server.url] })).rejects.toMatchObject({ code: 'UPSTREAM_ERROR' });
});

test('leads a command back to its folder from where the manifest will stand', async () => {
  const script = `
    const answers = { initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'x', version: '1' } }),
      'tools/list': () => ({ tools: [{ name: 'cwd', description: process.cwd(), inputSchema: { type: 'object' } }] }) };
    require('node:readline').createInterface(process.stdin).on('line', (line) => {
      const { id, method, params } = JSON.parse(line);
      if (id === undefined) return;
      const answer = answers[method];
      console.log(JSON.stringify(answer ? { jsonrpc: '2.0', id, result: answer(params) } : { jsonrpc: '2.0', id, error: { code: -32601, message: 'no' } }));
    });`.replaceAll(/\s+/g, ' ');
  const [draft] = await discover({
    location: [process.execPath, '-e', script],
    options: { name: 'x', cwd: import.meta.dirname },
    source: { file: `${import.meta.dirname}/capabilities/x.yaml` },
  });
  expect(draft?.metadata).toMatchObject({ mcp_command: process.execPath, mcp_args: `-e\n${script}`, mcp_cwd: '..' });
  expect(draft?.capability.description).toBe(import.meta.dirname);
});
