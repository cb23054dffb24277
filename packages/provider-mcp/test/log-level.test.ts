import { Server as LegacyServer } from '@modelcontextprotocol/sdk/server/index.js';
import { CallToolRequestSchema, SetLevelRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Server } from '@modelcontextprotocol/server';
import { expect, test } from 'vitest';
import type { LogEntry } from '@capstan/provider';
import { capabilityOf, createHarness, invocationOf } from './harness.ts';
import { serveLegacy } from './servers/serve-legacy.ts';
import { serveModern } from './servers/serve-modern.ts';

const info = { name: 'logging-server', version: '1.0.0' };
const done = { content: [{ type: 'text' as const, text: 'done' }] };

test('a legacy server is told the level before the first call, once, where it logs', async () => {
  const levels: string[] = [];
  await using server = await serveLegacy(() => {
    const found = new LegacyServer(info, { capabilities: { tools: {}, logging: {} } });
    found.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
      levels.push(params.level);
      return {};
    });
    found.setRequestHandler(CallToolRequestSchema, () => done);
    return found;
  });
  const { plugin, open } = createHarness();
  for (const metadata of [{ mcp_log_level: 'warning' }, {}]) {
    const capability = capabilityOf({ mcp_server_url: server.url, ...metadata });
    const session = await open(capability);
    await plugin.executeWithSession(session, invocationOf(capability));
    await plugin.terminateSession(session, 'idle');
  }
  expect(levels).toEqual(['warning']);
});

test.each([
  ['does not log', {}],
  ['refuses the level', { logging: {} }],
])('a legacy server that %s is called all the same', async (_, logging) => {
  await using server = await serveLegacy(() => {
    const found = new LegacyServer(info, { capabilities: { tools: {}, ...logging } });
    if ('logging' in logging)
      found.setRequestHandler(SetLevelRequestSchema, () => {
        throw new Error('no');
      });
    found.setRequestHandler(CallToolRequestSchema, () => done);
    return found;
  });
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: server.url, mcp_log_level: 'debug' });
  const session = await open(capability);
  expect(await plugin.executeWithSession(session, invocationOf(capability))).toMatchObject({ output: 'done' });
  expect(server.seen.includes('logging/setLevel')).toBe('logging' in logging);
  await plugin.terminateSession(session, 'idle');
});

test('a modern server is told the level with each call, and logs to its caller', async () => {
  await using server = await serveModern(() => {
    const found = new Server(info, { capabilities: { tools: {}, logging: {} } });
    found.setRequestHandler('tools/call', async (_request, { mcpReq }) => {
      await mcpReq.log('info', 'told', 'tool');
      await mcpReq.log('error', 'told too', 'tool');
      return done;
    });
    return found;
  });
  const { plugin, open } = createHarness();
  const heard = async (metadata: Record<string, string>): Promise<LogEntry[]> => {
    const entries: LogEntry[] = [];
    const capability = capabilityOf({ mcp_server_url: server.url, ...metadata });
    const session = await open(capability);
    await plugin.executeWithSession(session, invocationOf(capability, {}, { onLog: (entry) => entries.push(entry) }));
    await plugin.terminateSession(session, 'idle');
    return entries;
  };
  expect(await heard({ mcp_log_level: 'error' })).toEqual([{ level: 'error', logger: 'tool', data: 'told too' }]);
  expect(await heard({ mcp_log_level: 'debug' })).toHaveLength(2);
  expect(await heard({})).toEqual([]);
});
