import { describe, expect, test } from 'vitest';
import type { JsonObject, Metadata } from '@capstan/provider';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { startLegacyServer } from './servers/legacy-server.ts';
import { startModernServer } from './servers/modern-server.ts';

const fits = { type: 'object', properties: { login: { type: 'string' } }, required: ['login'] };
const differs = { type: 'object', properties: { login: { type: 'integer' } } };

describe.each([
  ['legacy', startLegacyServer],
  ['modern', startModernServer],
] as const)('on a %s server', (_, start) => {
  async function getMe(output: JsonObject | undefined, metadata: Metadata = {}, times = 1) {
    await using server = await start();
    const { plugin, open, logged } = createHarness();
    const capability = capabilityOf(
      { mcp_server_url: server.url, mcp_tool_name: 'get_me', ...metadata },
      output === undefined ? {} : { output },
    );
    const session = await open(capability);
    const call = () => plugin.executeWithSession(session, invocationOf(capability));
    for (let time = 1; time < times; time++) await call();
    const outcome = await call().catch((error: unknown) => failureOf(plugin, Promise.reject(error as Error)));
    return { outcome, logged: logged.map(({ level, message, details }) => ({ level, message, details })) };
  }

  test('an answer that fits passes, and so does any where nothing is declared', async () => {
    for (const output of [fits, undefined])
      expect(await getMe(output, { mcp_output_validation: 'strict' })).toMatchObject({
        outcome: { output: { login: 'octocat' } },
        logged: [],
      });
  });

  test('an answer that does not fit is handed on, and told to the log: where, and not what', async () => {
    const { outcome, logged } = await getMe(differs);
    expect(outcome).toMatchObject({ output: { login: 'octocat' } });
    expect(logged).toEqual([
      {
        level: 'warning',
        message: 'mcp.output-invalid',
        details: { capability: 'mcp.test.tool', problems: ['/login must be integer'] },
      },
    ]);
  });

  test('strict: it fails the call, which happened', async () => {
    const { outcome } = await getMe(differs, { mcp_output_validation: 'strict' });
    expect(outcome).toMatchObject({
      error: { code: 'OUTPUT_INVALID', details: { problems: ['/login must be integer'] } },
      verdict: { kind: 'caller', sent: true },
    });
    expect(JSON.stringify(outcome)).not.toContain('octocat');
  });

  test('off: nobody looks', async () => {
    const { outcome, logged } = await getMe(differs, { mcp_output_validation: 'off' });
    expect([outcome, logged]).toMatchObject([{ output: { login: 'octocat' } }, []]);
  });

  test('what a tool says of its failure follows no schema', async () => {
    const metadata = { mcp_tool_name: 'fail', mcp_output_validation: 'strict' };
    expect(await getMe(fits, metadata)).toMatchObject({ outcome: { isError: true }, logged: [] });
  });

  test.each([
    ['refers to nothing', { $ref: '#/$defs/missing' }],
    ['refers to the network', { $ref: 'https://schemas.example/user.json' }],
    ['is of an old dialect', { $schema: 'http://json-schema.org/draft-04/schema#', type: 'object' }],
    ['is no schema', { type: 'objekt' }],
  ])('a schema that %s fails no call and is told once', async (_how, output) => {
    const { outcome, logged } = await getMe(output, { mcp_output_validation: 'strict' }, 3);
    expect(outcome).toMatchObject({ output: { login: 'octocat' } });
    expect(logged).toMatchObject([{ level: 'warning', message: 'mcp.output-schema-unusable' }]);
  });

  test.each([
    'http://json-schema.org/draft-07/schema#',
    'https://json-schema.org/draft/2019-09/schema',
    'https://json-schema.org/draft/2020-12/schema',
  ])('a schema of the dialect %s is followed', async ($schema) => {
    const strict = { mcp_output_validation: 'strict' };
    expect((await getMe({ $schema, ...fits }, strict)).outcome).toMatchObject({ isError: false });
    expect((await getMe({ $schema, ...differs }, strict)).outcome).toMatchObject({ error: { code: 'OUTPUT_INVALID' } });
  });
});

test('a list has items of its own in draft-07', async () => {
  await using server = await startLegacyServer();
  const { plugin, open } = createHarness();
  const output = {
    $schema: 'http://json-schema.org/draft-07/schema#',
    items: [{ type: 'object' }, { type: 'integer' }],
  };
  const capability = capabilityOf(
    { mcp_server_url: server.url, mcp_tool_name: 'list_issues', mcp_output_validation: 'strict' },
    { output },
  );
  const { error } = await failureOf(
    plugin,
    plugin.executeWithSession(await open(capability), invocationOf(capability)),
  );
  expect(error.details).toMatchObject({ problems: ['/1 must be integer'] });
});

test('two schemas of one $id are two', async () => {
  await using server = await startLegacyServer();
  const { plugin, open, logged } = createHarness();
  for (const output of [
    { $id: 'https://schemas.example/one', ...fits },
    { $id: 'https://schemas.example/one', ...differs },
  ]) {
    const capability = capabilityOf({ mcp_server_url: server.url, mcp_tool_name: 'get_me' }, { output });
    await plugin.executeWithSession(await open(capability), invocationOf(capability));
  }
  expect(logged).toMatchObject([{ message: 'mcp.output-invalid' }]);
});
