/** What grows under load: `pnpm bench soak [minutes]`, 30 unless told. 50 calls a second over HTTP and stdio, one in a hundred hit by a fault. */
import { mcpProvider } from '@capstan/provider-mcp';
import { createRuntime } from '@capstan/runtime';
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { seeded } from '../test/faults/faulty-load.ts';
import { FaultyUpstream } from '../test/faults/faulty-upstream.ts';
import { report } from './report.ts';

const minutes = Number(process.argv[2] ?? 30);
const callsPerSecond = 50;
const faultRate = 0.01;
const quietMs = 6_000;
const everything = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));

interface Sample {
  readonly minute: number;
  readonly heapMb: number;
  readonly descriptors: number;
  readonly handles: number;
  readonly p99Ms: number;
}

const random = seeded(17);
const samples: Sample[] = [];
const failures: Record<string, number> = {};
let latencies: number[] = [];
let unhandled = 0;
process.on('unhandledRejection', () => unhandled++);

await using upstream = await FaultyUpstream.start();
await using runtime = await createRuntime({
  manifests: [
    {
      id: 'soak.http',
      effect: 'read',
      metadata: { mcp_server_url: upstream.url, mcp_protocol: 'legacy', mcp_tool_name: 'echo' },
    },
    {
      id: 'soak.stdio',
      effect: 'read',
      metadata: { mcp_command: process.execPath, mcp_args: [everything, 'stdio'], mcp_tool_name: 'echo' },
    },
  ],
  providers: [mcpProvider()],
});

async function call(number: number): Promise<void> {
  const start = performance.now();
  const caller = { subject: `caller ${number % 8}` };
  try {
    if (number % 10 === 0) await runtime.call('soak.stdio', { message: `${number}` }, { caller: { subject: 'stdio' } });
    else await runtime.call('soak.http', { text: `${number}` }, { caller });
  } catch (error) {
    const code = (error as { code?: string }).code ?? String(error);
    failures[code] = (failures[code] ?? 0) + 1;
  }
  latencies.push(performance.now() - start);
}

function sample(minute: number): Sample {
  for (let pass = 0; pass < 3; pass++) globalThis.gc?.();
  const sorted = latencies.toSorted((a, b) => a - b);
  latencies = [];
  return {
    minute,
    heapMb: process.memoryUsage().heapUsed / 1_048_576,
    descriptors: readdirSync('/proc/self/fd').length,
    handles: process.getActiveResourcesInfo().length,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
  };
}

const pending = new Set<Promise<void>>();
const startedAt = performance.now();
let number = 0;
let pausedMs = 0;
for (let second = 0; second < minutes * 60; second++) {
  for (let n = 0; n < callsPerSecond; n++) {
    const running = call(number++);
    pending.add(running);
    void running.then(() => pending.delete(running));
    await delay(Math.max(0, startedAt + pausedMs + (number / callsPerSecond) * 1_000 - performance.now()));
  }
  if (random() < faultRate * callsPerSecond) {
    if (random() < 0.5) await upstream.dropSessions();
    else upstream.proxy.cut(random() < 0.5 ? 'reset' : 'end');
  }
  if ((second + 1) % 120 === 0) {
    await Promise.all(pending);
    // Connections that nobody uses are kept for a moment; what is left after it is what leaked.
    await delay(quietMs);
    pausedMs += quietMs;
    const taken = sample((second + 1) / 60);
    samples.push(taken);
    console.log(JSON.stringify(taken));
  }
}

/** Least squares, per minute, without the first sixth: caches fill first. */
function slope(of: (one: Sample) => number): number {
  const used = samples.slice(Math.floor(samples.length / 6));
  const meanX = used.reduce((sum, { minute }) => sum + minute, 0) / used.length;
  const meanY = used.reduce((sum, one) => sum + of(one), 0) / used.length;
  const covariance = used.reduce((sum, one) => sum + (one.minute - meanX) * (of(one) - meanY), 0);
  return covariance / used.reduce((sum, { minute }) => sum + (minute - meanX) ** 2, 0);
}

function growth(of: (one: Sample) => number): number {
  const used = samples.slice(Math.floor(samples.length / 6)).map(of);
  return (used.at(-1) ?? 0) - (used[0] ?? 0);
}

const half = Math.floor(samples.length / 2);
const mean = (part: readonly Sample[]): number => part.reduce((sum, { p99Ms }) => sum + p99Ms, 0) / part.length;
const drift = (mean(samples.slice(half)) / mean(samples.slice(0, half)) - 1) * 100;
console.log(`${minutes} minutes, ${number} calls, failures ${JSON.stringify(failures)}`);
report('soak', [
  { what: 'heap', value: slope(({ heapMb }) => heapMb) * 60, unit: 'MB/h', goal: { max: 1 } },
  { what: 'file descriptors, growth', value: growth(({ descriptors }) => descriptors), unit: '', goal: { max: 2 } },
  { what: 'handles, growth', value: growth(({ handles }) => handles), unit: '', goal: { max: 2 } },
  { what: 'p99, second half against first', value: drift, unit: '%', goal: { max: 10 } },
  { what: 'unhandled rejections', value: unhandled, unit: '', goal: { max: 0 } },
]);
