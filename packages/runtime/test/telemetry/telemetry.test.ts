import { CapstanError, type ErrorCode, type ErrorVerdict } from '@capstan/provider';
import { describe, expect, test } from 'vitest';
import { createContainer } from '../../src/container.ts';
import { Telemetry } from '../../src/telemetry/telemetry.ts';
import type { TelemetrySource } from '../../src/telemetry/telemetry-source.ts';
import { TELEMETRY_OPTIONS } from '../../src/tokens.ts';
import { parsePrometheus } from './prometheus-parser.ts';
import { recordEverything, source } from './recordings.ts';

async function metricsOf(telemetry: Telemetry): Promise<ReturnType<typeof parsePrometheus>> {
  return parsePrometheus(await telemetry.exportMetrics());
}

const counters = (name: string, labels: readonly string[]) => ({ name: `${name}_total`, type: 'counter', labels });
const histogram = (name: string, labels: readonly string[]) => ({ name, type: 'histogram', labels });
const gauge = (name: string, labels: readonly string[]) => ({ name, type: 'gauge', labels });

const metrics = [
  histogram('capstan_call_duration', ['outcome', 'provider', 'session']),
  counters('capstan_call_retries', ['provider', 'verdict']),
  gauge('capstan_session_count', ['provider', 'state']),
  gauge('capstan_session_max', ['provider']),
  gauge('capstan_session_pending_requests', ['provider']),
  ...['created', 'reused', 'lost', 'recovered', 'timeouts', 'leaked'].map((what) =>
    counters(`capstan_session_${what}`, ['provider']),
  ),
  counters('capstan_session_evicted', ['provider', 'reason']),
  ...['create_time', 'wait_time', 'use_time', 'lifetime'].map((what) =>
    histogram(`capstan_session_${what}`, ['provider']),
  ),
  gauge('capstan_breaker_state', ['level', 'provider']),
  counters('capstan_overload_rejections', ['scope']),
  gauge('capstan_executor_queue', []),
  histogram('nodejs_eventloop_delay', []),
];

test('exports every metric under its name and type, with the allowed attributes only', async () => {
  const telemetry = new Telemetry({});
  await telemetry.open();
  recordEverything(telemetry);
  const families = await metricsOf(telemetry);
  await telemetry.close();
  const found = [...families].map(([name, { type, samples }]) => ({
    name,
    type,
    labels: [...new Set(samples.flatMap(({ labels }) => Object.keys(labels)))]
      .filter((label) => label !== 'le')
      .toSorted(),
  }));
  const byName = (a: { name: string }, b: { name: string }): number => (a.name < b.name ? -1 : 1);
  expect(found.toSorted(byName)).toEqual([...metrics, gauge('target_info', ['service_name'])].toSorted(byName));
  expect(families.get('target_info')?.samples).toEqual([
    { name: 'target_info', labels: { service_name: 'capstan' }, value: 1 },
  ]);
});

test('counts a duration into the bucket whose bound it does not exceed', async () => {
  const telemetry = new Telemetry({});
  for (const seconds of [0, 0.01, 0.011, 300, 301, -1, Number.NaN]) telemetry.sessionUsed('weather', seconds);
  const samples = (await metricsOf(telemetry)).get('capstan_session_use_time')?.samples ?? [];
  const buckets = samples
    .filter(({ name }) => name.endsWith('_bucket'))
    .map(({ labels, value }) => [labels['le'], value]);
  const bounds = ['0.02', '0.05', '0.1', '0.2', '0.5', '1', '2', '5', '10', '30', '60', '120'];
  expect(buckets).toEqual([['0.01', 4], ...bounds.map((bound) => [bound, 5]), ['300', 6], ['+Inf', 7]]);
  expect(samples.find(({ name }) => name.endsWith('_sum'))?.value).toBeCloseTo(601.021);
});

test('keeps providers, kinds of session and outcomes apart', async () => {
  const telemetry = new Telemetry({});
  telemetry.callEnded('weather', 'new', 'ok', 0.1);
  telemetry.callEnded('weather', 'reused', 'ok', 0.1);
  telemetry.callEnded('weather', 'reused', 'ok', 0.1);
  telemetry.callEnded('counter', 'none', 'TIMEOUT', 0.1);
  const samples = (await metricsOf(telemetry)).get('capstan_call_duration')?.samples ?? [];
  expect(
    samples.filter(({ name }) => name.endsWith('_count')).map(({ labels, value }) => ({ ...labels, value })),
  ).toEqual([
    { provider: 'weather', session: 'new', outcome: 'ok', value: 1 },
    { provider: 'weather', session: 'reused', outcome: 'ok', value: 2 },
    { provider: 'counter', session: 'none', outcome: 'TIMEOUT', value: 1 },
  ]);
});

test('asks the source when metrics are collected, adds up its rows, and asks a replaced one no more', async () => {
  const telemetry = new Telemetry({});
  telemetry.observe({ ...source, executorQueue: () => expect.unreachable() });
  let queued = 1;
  const row = { provider: 'weather', idle: 1, used: 2, creating: 0, draining: 0, max: 4, pending: 3 };
  const later: TelemetrySource = {
    sessions: () => [row, { ...row, idle: 5 }],
    breakers: () => [{ provider: 'weather', level: 'key', open: 2 }],
    executorQueue: () => queued,
  };
  telemetry.observe(later);
  queued = 7;
  const families = await metricsOf(telemetry);
  const read = (name: string) => families.get(name)?.samples.map(({ labels, value }) => ({ ...labels, value }));
  expect(read('capstan_session_count')).toEqual([
    { provider: 'weather', state: 'idle', value: 6 },
    { provider: 'weather', state: 'used', value: 4 },
    { provider: 'weather', state: 'creating', value: 0 },
    { provider: 'weather', state: 'draining', value: 0 },
  ]);
  expect(read('capstan_session_max')).toEqual([{ provider: 'weather', value: 8 }]);
  expect(read('capstan_session_pending_requests')).toEqual([{ provider: 'weather', value: 6 }]);
  expect(read('capstan_breaker_state')).toEqual([{ provider: 'weather', level: 'key', value: 2 }]);
  expect(read('capstan_executor_queue')).toEqual([{ value: 7 }]);
});

test('shows nothing of what a plugin makes up in place of a code or a verdict', async () => {
  const canary = 'canary-5f2c "\n\\ {}';
  const telemetry = new Telemetry({});
  const madeUp = new CapstanError(canary as ErrorCode, canary, {
    retryable: false,
    details: { canary },
    cause: canary,
  });
  telemetry.callEnded('weather', 'new', madeUp.code, 1);
  telemetry.callEnded('weather', 'new', 'constructor' as ErrorCode, 1);
  telemetry.callRetried('weather', canary as ErrorVerdict['kind']);
  const text = await telemetry.exportMetrics();
  expect(text).not.toContain('canary');
  const families = parsePrometheus(text);
  expect(families.get('capstan_call_duration')?.samples.find(({ name }) => name.endsWith('_count'))).toMatchObject({
    labels: { outcome: 'other' },
    value: 2,
  });
  expect(families.get('capstan_call_retries_total')?.samples[0]?.labels).toEqual({
    provider: 'weather',
    verdict: 'other',
  });
});

test('keeps 2000 series of a metric, and counts what exceeds them together', async () => {
  const telemetry = new Telemetry({});
  for (let index = 0; index < 2100; index++) telemetry.sessionLost(`provider${index}`);
  telemetry.sessionLost('provider7');
  const samples = (await metricsOf(telemetry)).get('capstan_session_lost_total')?.samples ?? [];
  expect(samples).toHaveLength(2001);
  expect(samples[7]).toMatchObject({ labels: { provider: 'provider7' }, value: 2 });
  expect(samples.at(-1)).toMatchObject({ labels: { otel_metric_overflow: 'true' }, value: 100 });
});

test('gives text that can be read whatever a provider is called', async () => {
  const telemetry = new Telemetry({});
  const provider = 'quote " backslash \\ line\nend';
  telemetry.sessionLost(provider);
  expect((await metricsOf(telemetry)).get('capstan_session_lost_total')?.samples[0]?.labels).toEqual({ provider });
});

test('opens no port, keeps no process alive and registers nothing globally', async () => {
  const registered = (): unknown => Reflect.get(globalThis, Symbol.for('opentelemetry.js.api.1'));
  const before = { resources: process.getActiveResourcesInfo().toSorted(), registered: registered() };
  const telemetry = new Telemetry({});
  await telemetry.open();
  await telemetry.exportMetrics();
  expect({ resources: process.getActiveResourcesInfo().toSorted(), registered: registered() }).toEqual(before);
  await telemetry.close();
});

test('is one for each container, and two share nothing', async () => {
  const create = (): Telemetry => {
    const container = createContainer();
    container.register(TELEMETRY_OPTIONS, { useValue: { eventLoopDelay: false } });
    expect(container.resolve(Telemetry)).toBe(container.resolve(Telemetry));
    return container.resolve(Telemetry);
  };
  const [first, second] = [create(), create()];
  recordEverything(first);
  expect([...(await metricsOf(second)).keys()]).toEqual(['target_info']);
  expect((await metricsOf(first)).size).toBe(metrics.length);
});

describe('after close', () => {
  test('takes what is still measured, and exports', async () => {
    const telemetry = new Telemetry({});
    await telemetry.open();
    telemetry.observe({ ...source, sessions: () => expect.unreachable() });
    await telemetry.close();
    await telemetry.close();
    recordEverything(telemetry);
    await telemetry.open();
    const families = await metricsOf(telemetry);
    expect(families.get('capstan_call_duration')?.samples.at(-1)?.value).toBe(1);
    expect(families.has('capstan_session_count')).toBe(false);
  });

  test('measures the event loop no more', async () => {
    const samples = async (telemetry: Telemetry): Promise<number> =>
      (await metricsOf(telemetry)).get('nodejs_eventloop_delay')?.samples.at(-1)?.value ?? -1;
    const [closed, living] = [new Telemetry({}), new Telemetry({})];
    await closed.open();
    await living.open();
    await expect.poll(() => samples(closed)).toBeGreaterThan(0);
    await closed.close();
    const [atClose, then] = [await samples(closed), await samples(living)];
    await expect.poll(() => samples(living)).toBeGreaterThan(then + 3);
    expect(await samples(closed)).toBe(atClose);
    await living.close();
  });
});

test('measures no event loop where the host does not want it', async () => {
  const telemetry = new Telemetry({ eventLoopDelay: false });
  await telemetry.open();
  expect((await metricsOf(telemetry)).has('nodejs_eventloop_delay')).toBe(false);
});
