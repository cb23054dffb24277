/** A host that has 100 calls under way over HTTP and stdio when it is told to stop. Says so, and at its end how they went. */
import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime } from '@capstan/runtime';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startLegacyServer } from '../../packages/provider-mcp/test/servers/legacy-server.ts';

const stdioServer = fileURLToPath(new URL('../../packages/provider-mcp/test/servers/stdio-server.ts', import.meta.url));
const server = await startLegacyServer();
const slow = { mcp_tool_name: 'slow', session_max_concurrency: 50 };
const runtime = await createRuntime({
  manifests: [
    { id: 'drain.http', metadata: { ...slow, mcp_server_url: server.url } },
    { id: 'drain.stdio', metadata: { ...slow, mcp_command: process.execPath, mcp_args: [stdioServer, 'legacy'] } },
  ],
  providers: [mcpProvider()],
});

let started = 0;
runtime.marketplace.events.on(({ type }) => {
  if (type !== 'call-start' || ++started < 100) return;
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number);
  console.log(JSON.stringify({ children }));
});
process.once('SIGTERM', () => void runtime.close());

const input = { steps: 20, stepMs: 25 };
const calls = Array.from({ length: 100 }, (_, n) => runtime.call(n % 2 === 0 ? 'drain.http' : 'drain.stdio', input));
const outcomes = await Promise.allSettled(calls);
await runtime.close();
const dropped = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
const sessions = runtime.sessions?.list().map(({ ended }) => ended);
console.log(JSON.stringify({ answered: 100 - dropped.length, dropped, sessions, deletes: server.counts.delete }));
await server.close();
