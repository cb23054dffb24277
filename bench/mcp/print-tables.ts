import { type ClientEntry, clients, versionOf } from './clients/index.ts';
import { describe, type Samples, settings } from './samples.ts';

/** One table for each way to call and one for what a process costs, then all of it as a line of JSON. */
export function printTables(samples: Samples): void {
  const speed = settings.map((setting) => ({
    setting: describe(setting),
    rows: clients.map(({ name }) => ({
      client: name,
      'calls/s': Math.round(samples.median(name, setting, 'callsPerSecond')),
      'of undici': rounded(samples.ratio(name, 'undici', setting, 'callsPerSecond')),
      'Capstan is': `${rounded(samples.ratio('Capstan', name, setting, 'callsPerSecond'))} ×`,
      'p50 ms': rounded(samples.median(name, setting, 'p50Ms')),
      'p99 ms': rounded(samples.median(name, setting, 'p99Ms')),
      'CPU µs/call': Math.round(samples.median(name, setting, 'cpuMicrosPerCall')),
    })),
  }));
  const processes = clients.map((client: ClientEntry & (typeof clients)[number]) => ({
    client: client.name,
    version: versionOf(client),
    'first call ms': Math.round(samples.medianStart(client.name, 'firstCallMs')),
    'of it without import': Math.round(samples.medianStart(client.name, 'openAndCallMs')),
    'heap MB': rounded(samples.memory.get(client.name)?.heapMb),
    'rss MB': Math.round(samples.memory.get(client.name)?.rssMb ?? Number.NaN),
    note: client.note ?? '',
  }));
  for (const { setting, rows } of speed) {
    console.log(setting);
    console.table(rows);
  }
  console.log('A process of each: first call of a fresh one, memory after all rounds');
  console.table(processes);
  console.log(JSON.stringify({ benchmark: 'mcp clients', node: process.version, speed, processes }));
}

function rounded(value: number | undefined): number {
  return Number((value ?? Number.NaN).toPrecision(3));
}
