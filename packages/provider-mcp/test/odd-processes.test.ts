import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { capabilityOf, createHarness, failureOf, invocationOf } from './harness.ts';
import { createV1Server } from './servers/v1-server.ts';
import { serveSse } from './servers/serve-sse.ts';

/** Ends at the question for its revision, as some old servers do; its answer to a call is larger than any may be. */
const program = `
  const say = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
  const result = { protocolVersion: '2025-11-25', capabilities: {} };
  require('node:readline').createInterface(process.stdin).on('line', (line) => {
    const { id, method } = JSON.parse(line);
    if (method === 'server/discover') process.exit(0);
    if (method === 'initialize') say({ id, result });
    if (method === 'tools/call') say({ id, result: { content: 'x'.repeat(17 * 1024 * 1024) } });
  });
`.replaceAll('\n', ' ');
const source = { file: fileURLToPath(import.meta.url), line: 1, column: 1 };

test('a process that ended at the question is no session that was lost', async () => {
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_command: process.execPath, mcp_args: `-e\n${program}` }, { source });
  let lost = 0;
  const session = await open(capability, { onLost: () => void (lost += 1) });
  expect(lost).toBe(0);
  const { error, verdict } = await failureOf(plugin, plugin.executeWithSession(session, invocationOf(capability)));
  expect(error.code).toBe('OUTPUT_INVALID');
  // It was called, whatever became of its answer.
  expect(verdict).toEqual({ kind: 'caller', sent: true });
  expect(lost).toBe(1);
  await plugin.terminateSession(session, 'lost');
});

test('a session over HTTP+SSE outlives the signal that it was opened with', async () => {
  const { url, close } = await serveSse(createV1Server);
  const { plugin, open } = createHarness();
  const capability = capabilityOf({ mcp_server_url: url, mcp_transport: 'sse' });
  const opening = new AbortController();
  let lost = 0;
  const session = await open(capability, { signal: opening.signal, onLost: () => void (lost += 1) });
  opening.abort();
  expect(await plugin.executeWithSession(session, invocationOf(capability, { text: 'hi' }))).toMatchObject({
    output: 'hi',
  });
  expect(lost).toBe(0);
  await plugin.terminateSession(session, 'idle');
  await close();
});
