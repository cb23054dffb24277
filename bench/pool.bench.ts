/** What the runtime itself costs: a call on a warm session, an idle session, a sweep of many. */
import { setTimeout as delay } from 'node:timers/promises';
import { createRuntime, type Runtime, Telemetry } from '@capstan/runtime';
import { noOpProvider } from './no-op-provider.ts';
import { type Figure, median, report } from './report.ts';

const plugin = noOpProvider();
const rounds = 15;
const callsOfARound = 20_000;

async function open(configure?: Parameters<typeof createRuntime>[0]['configure']): Promise<Runtime> {
  return createRuntime({
    manifests: [{ id: 'noop.call', effect: 'read', metadata: { noop_requires_session: 'auto' } }],
    providers: [plugin],
    environment: {},
    ...(configure && { configure }),
  });
}

/** A telemetry that measures nothing: every method of the real one, empty. */
function silent(): Telemetry {
  return new Proxy({} as Telemetry, { get: () => () => undefined });
}

async function microsecondsOf(call: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let n = 0; n < callsOfARound; n++) await call();
  return ((performance.now() - start) / callsOfARound) * 1_000;
}

/** The three in turn, so that what the machine does meanwhile hits all alike. */
async function costOfACall(): Promise<Figure[]> {
  const runtime = await open();
  const unmeasured = await open((container) => container.register(Telemetry, { useValue: silent() }));
  const subjects = {
    plugin: () => plugin.executeWithSession(null, undefined as never),
    unmeasured: () => unmeasured.call('noop.call'),
    runtime: () => runtime.call('noop.call'),
  };
  const samples: Record<keyof typeof subjects, number[]> = { plugin: [], unmeasured: [], runtime: [] };
  for (let round = -2; round < rounds; round++) {
    for (const name of Object.keys(subjects) as (keyof typeof subjects)[]) {
      const cost = await microsecondsOf(subjects[name]);
      if (round >= 0) samples[name].push(cost);
    }
  }
  await Promise.all([runtime.close(), unmeasured.close()]);
  const telemetry = median(samples.runtime.map((cost, round) => cost - (samples.unmeasured[round] ?? 0)));
  return [
    { what: 'a call of the plugin itself (the limit)', value: median(samples.plugin), unit: 'µs' },
    { what: 'a call on a warm session, telemetry off', value: median(samples.unmeasured), unit: 'µs' },
    { what: 'a call on a warm session', value: median(samples.runtime), unit: 'µs', goal: { max: 8 } },
    { what: 'of which telemetry', value: telemetry, unit: 'µs', goal: { max: 4 } },
  ];
}

async function openSessions(runtime: Runtime, count: number): Promise<void> {
  const batch = 500;
  for (let from = 0; from < count; from += batch) {
    await Promise.all(
      Array.from({ length: Math.min(batch, count - from) }, (_, n) =>
        runtime.call('noop.call', {}, { caller: { subject: `${from + n}` } }),
      ),
    );
  }
}

async function manySessions(count: number, idleTimeoutMs: number): Promise<Runtime> {
  return createRuntime({
    manifests: [{ id: 'noop.call', effect: 'read', metadata: { noop_requires_session: 'auto' } }],
    providers: [plugin],
    environment: {},
    sessions: { maxSessionsPerProvider: count + 1, maxSessionsTotal: count + 1, idleTimeoutMs, sweepIntervalMs: 100 },
  });
}

function heapBytes(): number {
  for (let pass = 0; pass < 3; pass++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

async function memoryOfASession(): Promise<Figure> {
  const count = 20_000;
  const runtime = await manySessions(count, 3_600_000);
  await openSessions(runtime, 100);
  const before = heapBytes();
  await openSessions(runtime, count);
  const bytes = (heapBytes() - before) / (count - 100);
  await runtime.close();
  return { what: 'memory of an idle session', value: bytes / 1_024, unit: 'KiB', goal: { max: 4 } };
}

async function sweep(): Promise<Figure[]> {
  const count = 100_000;
  const idleMs = 30_000;
  const runtime = await manySessions(count, idleMs);
  await openSessions(runtime, count);
  heapBytes();
  let ended = 0;
  let lastTurn = 0;
  let longestMs = 0;
  let isDone = false;
  runtime.marketplace.events.on(({ type }) => {
    if (type === 'session-terminated') ended++;
  });
  const turn = (): void => {
    if (isDone) return;
    const now = performance.now();
    if (ended > 0) longestMs = Math.max(longestMs, now - lastTurn);
    lastTurn = now;
    setImmediate(turn);
  };
  // Idle ends lie within ± 10 %: all are due when the clock says so.
  const realNow = Date.now.bind(Date);
  Date.now = () => realNow() + 2 * idleMs;
  const start = performance.now();
  lastTurn = start;
  turn();
  while (ended < count) await delay(5);
  isDone = true;
  const tookMs = performance.now() - start;
  Date.now = realNow;
  await runtime.close();
  return [
    { what: '100,000 sessions swept: longest hold of the event loop', value: longestMs, unit: 'ms', goal: { max: 50 } },
    { what: '100,000 sessions swept: in all', value: tookMs, unit: 'ms' },
  ];
}

// The sweep first, on a fresh heap: what others left behind would be collected in its time.
const ofSweep = await sweep();
report('pool', [...(await costOfACall()), await memoryOfASession(), ...ofSweep]);
