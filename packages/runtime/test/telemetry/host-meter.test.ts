import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, test } from 'vitest';
import { Telemetry } from '../../src/telemetry/telemetry.ts';
import { type Family, parsePrometheus } from './prometheus-parser.ts';
import { recordEverything, source } from './recordings.ts';

test('gives every measurement to the meter provider of the host as well', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const telemetry = new Telemetry({ meterProvider, eventLoopDelay: false });
  recordEverything(telemetry);
  telemetry.callEnded('weather', 'reused', 'ok', 0.7);
  await reader.forceFlush();
  const metrics = exporter.getMetrics()[0]?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
  expect(metrics).toHaveLength(19);
  const callDuration = metrics.find(({ descriptor }) => descriptor.name === 'capstan.call.duration');
  expect(callDuration).toMatchObject({
    descriptor: { unit: 's' },
    dataPoints: [
      { attributes: { provider: 'weather', session: 'reused', outcome: 'ok' }, value: { count: 2, sum: 0.73 } },
    ],
  });
  await telemetry.close();
  await meterProvider.shutdown();
});

test("exports the same samples as OpenTelemetry's own Prometheus exporter", async () => {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [exporter] });
  const telemetry = new Telemetry({ meterProvider, eventLoopDelay: false });
  recordEverything(telemetry);
  for (const seconds of [0, 0.01, 0.2, 0.0501, 12, 300, 1e6]) {
    telemetry.callEnded('weather', 'new', 'ok', seconds);
    telemetry.callEnded('counter', 'none', 'OVERLOADED', seconds);
    telemetry.sessionLost('counter');
  }
  const { resourceMetrics } = await exporter.collect();
  const withoutScope = new PrometheusSerializer('', false, undefined, false, true);
  const theirs = withoutScope.serialize(resourceMetrics).replaceAll(/^# UNIT .*\n/gm, '');
  expect(comparable(await telemetry.exportMetrics())).toEqual(
    comparable(theirs.endsWith('\n') ? theirs : `${theirs}\n`),
  );
  await telemetry.close();
  await meterProvider.shutdown();
});

test('shows the host no gauges after close', async () => {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const meterProvider = new MeterProvider({ readers: [exporter] });
  const telemetry = new Telemetry({ meterProvider });
  let asked = 0;
  telemetry.observe({ ...source, executorQueue: () => asked++ });
  await exporter.collect();
  await telemetry.close();
  await exporter.collect();
  expect(asked).toBe(1);
  await meterProvider.shutdown();
});

/** Everything but the resource, which is the host's own, in an order that says nothing. */
function comparable(text: string): readonly (readonly [string, Family])[] {
  return [...parsePrometheus(text)]
    .filter(([name]) => name !== 'target_info')
    .map(([name, { samples, ...family }]) => {
      const ordered = samples.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
      return [name, { ...family, samples: ordered }] as const;
    })
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}
