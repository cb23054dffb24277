import type { Instrument } from './instruments.ts';
import type { HistogramValue, MetricFamily, MetricPoint } from './metric-series.ts';

type Labels = Readonly<Record<string, string>>;

const types = { counter: 'counter', histogram: 'histogram', gauge: 'gauge', 'up-down-counter': 'gauge' } as const;

/** The text exposition format, version 0.0.4, named as OpenTelemetry's own exporter names it. `resource` becomes `target_info`. */
export function prometheusText(families: readonly MetricFamily[], resource: Labels): string {
  const lines = ['# HELP target_info Target metadata', '# TYPE target_info gauge', sample('target_info', resource, 1)];
  for (const { instrument, points } of families) {
    if (points.length === 0) continue;
    const name = prometheusName(instrument);
    lines.push(`# HELP ${name} ${escapeText(instrument.description)}`, `# TYPE ${name} ${types[instrument.type]}`);
    for (const point of points) lines.push(...samples(name, point));
  }
  return `${lines.join('\n')}\n`;
}

function samples(name: string, { attributes, value }: MetricPoint): readonly string[] {
  return typeof value === 'number' ? [sample(name, attributes, value)] : histogramSamples(name, attributes, value);
}

function histogramSamples(
  name: string,
  attributes: Labels,
  { boundaries, counts, sum, count }: HistogramValue,
): readonly string[] {
  let upTo = 0;
  const buckets = counts.map((inBucket, index) => {
    upTo += inBucket;
    const boundary = boundaries[index];
    return sample(`${name}_bucket`, { ...attributes, le: boundary === undefined ? '+Inf' : String(boundary) }, upTo);
  });
  return [...buckets, sample(`${name}_sum`, attributes, sum), sample(`${name}_count`, attributes, count)];
}

function sample(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(
    ([label, text]) => `${underscored(label)}="${escapeText(text).replaceAll('"', '\\"')}"`,
  );
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}`;
}

function prometheusName({ name, type }: Instrument): string {
  return type === 'counter' ? `${underscored(name)}_total` : underscored(name);
}

function underscored(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}

function escapeText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
