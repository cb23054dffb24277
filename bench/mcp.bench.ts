/** What a call costs over MCP, beside other clients and a bare POST: `pnpm bench mcp [--quick]`. Installs the other clients first. */
import { Child } from './mcp/child.ts';
import { collectSamples, type Effort } from './mcp/collect-samples.ts';
import { goals } from './mcp/goals.ts';
import { installPeers } from './mcp/install-peers.ts';
import type { Leftovers } from './mcp/messages.ts';
import { printTables } from './mcp/print-tables.ts';
import { report } from './report.ts';

const effort: Effort = process.argv.includes('--quick')
  ? { rounds: 3, warmUpMs: 300, sliceMs: 200, starts: 2 }
  : { rounds: 7, warmUpMs: 500, sliceMs: 400, starts: 5 };
const calls = 10_000;

installPeers();
await using upstream = new Child(new URL('./mcp/upstream.ts', import.meta.url));
const { port } = await upstream.answer<{ readonly port: number }>();
const url = `http://127.0.0.1:${port}`;
const connections = async (): Promise<number> =>
  (await upstream.ask<{ readonly connections: number }>({ kind: 'connections' })).connections;

const samples = await collectSamples(url, effort);
const before = await connections();
await using emptied = new Child(new URL('./mcp/leftovers.ts', import.meta.url), [`${url}/json`, `${calls}`]);
const leftovers = await emptied.answer<Leftovers>();
const sockets = (await connections()) - before;

printTables(samples);
report('mcp', goals(samples, leftovers, sockets));
