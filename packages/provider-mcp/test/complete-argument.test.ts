import { Server as LegacyServer } from '@modelcontextprotocol/sdk/server/index.js';
import { CompleteRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Server } from '@modelcontextprotocol/server';
import { describe, expect, test } from 'vitest';
import type { Completes, Metadata, ProviderPlugin } from '@capstan/provider';
import type { McpSession } from '@capstan/provider-mcp';
import { capabilityOf, createHarness, failureOf } from './harness.ts';
import { serveLegacy } from './servers/serve-legacy.ts';
import { serveModern } from './servers/serve-modern.ts';

const info = { name: 'completing-server', version: '1.0.0' };

interface Question {
  readonly ref: object;
  readonly argument: { readonly name: string; readonly value: string };
  readonly context?: { readonly arguments?: Record<string, string> | undefined } | undefined;
}

/** Suggests what was asked, word by word. */
function suggest({ ref, argument, context }: Question) {
  const values = [JSON.stringify(ref), `${argument.name}=${argument.value}`, JSON.stringify(context?.arguments ?? {})];
  return { completion: { values, total: 7, hasMore: true } };
}

function createLegacy(): LegacyServer {
  const server = new LegacyServer(info, { capabilities: { prompts: {}, completions: {} } });
  server.setRequestHandler(CompleteRequestSchema, ({ params }) => suggest(params));
  return server;
}

function createModern(): Server {
  const server = new Server(info, { capabilities: { prompts: {}, completions: {} } });
  server.setRequestHandler('completion/complete', ({ params }) => suggest(params));
  return server;
}

const silentLegacy = () => new LegacyServer(info, { capabilities: { prompts: {} } });
const silentModern = () => new Server(info, { capabilities: { prompts: {} } });

describe.each([
  ['legacy', () => serveLegacy(createLegacy), () => serveLegacy(silentLegacy)],
  ['modern', () => serveModern(createModern), () => serveModern(silentModern)],
] as const)('on a %s server', (_, start, startSilent) => {
  async function complete(url: string, metadata: Metadata, withSession: boolean) {
    const { plugin: found, open } = createHarness();
    const plugin = found as ProviderPlugin<McpSession> & Completes<McpSession>;
    const capability = capabilityOf({}, { metadata: { mcp_server_url: url, ...metadata } });
    const session = withSession ? await open(capability) : undefined;
    const completing = plugin.complete(session, {
      capability,
      caller: {},
      argument: { name: 'city', value: 'Par' },
      context: { country: 'FR' },
      signal: new AbortController().signal,
    });
    const outcome = await completing.catch(() => failureOf(plugin, completing));
    if (session !== undefined) await plugin.terminateSession(session, 'idle');
    return outcome;
  }

  test.each([
    [{ mcp_prompt_name: 'trip' }, { type: 'ref/prompt', name: 'trip' }],
    [{ mcp_resource_template: 'trip://{city}' }, { type: 'ref/resource', uri: 'trip://{city}' }],
    [{ mcp_resource_uri: 'trip://list' }, { type: 'ref/resource', uri: 'trip://list' }],
  ])('suggests values for an argument of %o', async (metadata, ref) => {
    await using server = await start();
    for (const withSession of [true, false])
      expect(await complete(server.url, metadata, withSession)).toEqual({
        values: [JSON.stringify(ref), 'city=Par', '{"country":"FR"}'],
        total: 7,
        hasMore: true,
      });
  });

  test('has no suggestion where the server makes none, and does not ask', async () => {
    await using server = await startSilent();
    expect(await complete(server.url, { mcp_prompt_name: 'trip' }, true)).toEqual({ values: [] });
    expect(server.seen).not.toContain('completion/complete');
  });

  test('says that tools are not completed', async () => {
    await using server = await start();
    expect(await complete(server.url, { mcp_tool_name: 'trip' }, true)).toMatchObject({
      error: { code: 'NOT_SUPPORTED' },
      verdict: { kind: 'caller', sent: false },
    });
  });
});
