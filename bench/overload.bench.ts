/** What happens when too much is asked for: fairness between callers, ten times the capacity, a dead upstream beside a living one. */
import { CapstanError, type ProviderPlugin } from '@capstan/provider';
import { createRuntime, type Runtime } from '@capstan/runtime';
import { setTimeout as delay } from 'node:timers/promises';
import { noOpProvider } from './no-op-provider.ts';
import { type Figure, median, quantile, report } from './report.ts';

const serviceMs = 10;

/** Calls take 10 ms; sessions for the place `dead` cannot be opened. */
const provider: ProviderPlugin<null> = {
  ...noOpProvider(() => delay(serviceMs)),
  metadataSchema: { type: 'object', properties: { noop_place: { enum: ['alive', 'dead'] } } },
  sessionKey: ({ metadata }) => ({ upstream: [String(metadata['noop_place'])], identity: { kind: 'none' } }),
  initializeSession: async ({ capability }) => {
    if (capability.metadata['noop_place'] === 'dead') throw new Error('connection refused');
    return null;
  },
  classifyError: () => ({ kind: 'transient', sent: false }),
};

async function open(concurrency: number): Promise<Runtime> {
  const metadata = { noop_requires_session: 'auto', session_scope: 'shared', session_max_concurrency: concurrency };
  return createRuntime({
    manifests: [
      { id: 'noop.alive', effect: 'read', metadata: { ...metadata, noop_place: 'alive' } },
      { id: 'noop.dead', effect: 'read', metadata: { ...metadata, noop_place: 'dead', session_scope: 'caller' } },
    ],
    providers: [provider],
    environment: {},
  });
}

async function latencies(runtime: Runtime, subject: string, count: number): Promise<number[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const start = performance.now();
      await runtime.call('noop.alive', {}, { caller: { subject } });
      return performance.now() - start;
    }),
  );
}

async function fairness(): Promise<Figure[]> {
  await using runtime = await open(8);
  await latencies(runtime, 'warm', 10);
  const ratios: number[] = [];
  const alone: number[] = [];
  const crowded: number[] = [];
  for (let round = 0; round < 7; round++) {
    const unloaded = quantile(await latencies(runtime, 'small', 10), 0.99);
    const big = latencies(runtime, 'big', 1_000);
    const loaded = quantile(await latencies(runtime, 'small', 10), 0.99);
    await big;
    alone.push(unloaded);
    crowded.push(loaded);
    ratios.push(loaded / unloaded);
  }
  return [
    { what: '10 calls alone: p99', value: median(alone), unit: 'ms' },
    { what: '10 calls behind 1,000 of another caller: p99', value: median(crowded), unit: 'ms' },
    { what: 'ratio', value: median(ratios), unit: '', goal: { max: 3 } },
  ];
}

async function overload(): Promise<Figure[]> {
  const concurrency = 16;
  await using runtime = await open(concurrency);
  await latencies(runtime, 'warm', 10);
  const capacityFrom = performance.now();
  let served = 0;
  const worker = async (): Promise<void> => {
    while (performance.now() - capacityFrom < 2_000) {
      await runtime.call('noop.alive');
      served++;
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  const capacity = served / ((performance.now() - capacityFrom) / 1_000);

  const seconds = 5;
  const rejections: number[] = [];
  let asked = 0;
  let answered = 0;
  let hints = 0;
  let outstanding = 0;
  async function ask(subject: string): Promise<void> {
    const from = performance.now();
    outstanding++;
    try {
      await runtime.call('noop.alive', {}, { caller: { subject } });
      if (performance.now() - start < seconds * 1_000) answered++;
    } catch (error) {
      rejections.push(performance.now() - from);
      if (CapstanError.isInstance(error) && error.code === 'OVERLOADED' && error.retryAfterMs !== undefined) hints++;
    }
    outstanding--;
  }

  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  const start = performance.now();
  for (let elapsed = 0; elapsed < seconds * 1_000; elapsed = performance.now() - start) {
    for (const due = (elapsed / 1_000) * capacity * 10; asked < due; asked++) void ask(`${asked % 10}`);
    await delay(1);
  }
  const tookSeconds = (performance.now() - start) / 1_000;
  globalThis.gc?.();
  const heapAfter = process.memoryUsage().heapUsed;
  while (outstanding > 0) await delay(10);
  return [
    { what: 'capacity', value: capacity, unit: 'calls/s' },
    { what: 'offered', value: asked / tookSeconds / capacity, unit: '× capacity', goal: { min: 9.5 } },
    { what: 'goodput', value: (answered / tookSeconds / capacity) * 100, unit: '% of capacity', goal: { min: 90 } },
    { what: 'rejection: p99', value: quantile(rejections, 0.99), unit: 'ms', goal: { max: 5 } },
    { what: 'rejections with retryAfterMs', value: (hints / rejections.length) * 100, unit: '%', goal: { min: 100 } },
    { what: 'memory growth', value: (heapAfter - heapBefore) / 1_048_576, unit: 'MiB', goal: { max: 50 } },
  ];
}

async function deadNeighbour(): Promise<Figure[]> {
  await using runtime = await open(64);
  const p99 = async (): Promise<number> => {
    const all: number[] = [];
    for (let batch = 0; batch < 20; batch++) all.push(...(await latencies(runtime, 'ann', 20)));
    return quantile(all, 0.99);
  };
  await p99();
  const ratios: number[] = [];
  for (let round = 0; round < 7; round++) {
    const alone = await p99();
    const controller = new AbortController();
    const waiting = Array.from({ length: 100 }, (_, n) =>
      runtime
        .call('noop.dead', {}, { caller: { subject: `${n}` }, signal: controller.signal })
        .catch((error: unknown) => error),
    );
    const beside = await p99();
    controller.abort();
    await Promise.all(waiting);
    ratios.push(beside / alone);
  }
  return [
    {
      what: 'a living upstream beside a dead one with 100 callers: p99, change',
      value: (median(ratios) - 1) * 100,
      unit: '%',
      goal: { max: 10 },
    },
  ];
}

report('overload', [...(await fairness()), ...(await overload()), ...(await deadNeighbour())]);
