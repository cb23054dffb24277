import { quantile } from '../report.ts';
import type { EchoClient } from './client.ts';
import type { Slice } from './messages.ts';

/** Lets `concurrency` callers call one after the other, for `ms`. Rejects where an answer is not the right one. */
export async function runSlice(client: EchoClient, concurrency: number, ms: number): Promise<Slice> {
  const latencies: number[] = [];
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  const caller = async (): Promise<void> => {
    for (let from = performance.now(); from - start < ms;) {
      const text = `call ${from}`;
      const echoed = await client.call(text);
      if (echoed !== text) throw new Error(`Sent ${JSON.stringify(text)}, got ${JSON.stringify(echoed)}.`);
      const to = performance.now();
      latencies.push(to - from);
      from = to;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, caller));
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    callsPerSecond: latencies.length / seconds,
    p50Ms: quantile(latencies, 0.5),
    p99Ms: quantile(latencies, 0.99),
    cpuMicrosPerCall: (user + system) / latencies.length,
  };
}
