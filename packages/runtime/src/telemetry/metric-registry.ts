import type { HostMeter } from './host-meter.ts';
import type { AttributesOf, Instrument } from './instruments.ts';
import { CounterSeries, HistogramSeries, type MetricFamily, type ObservationReader } from './metric-series.ts';

type Attributes = Readonly<Record<string, string>>;

// As OpenTelemetry's SDK bounds it.
const maxSeries = 2000;
const overflow: Attributes = { 'otel.metric.overflow': 'true' };

/**
 * Adds up measurements, so that one costs tens of nanoseconds, and hands each to the host's meter as well, if there is one.
 * A metric keeps 2000 combinations of attributes; what exceeds that is counted together, as `otel_metric_overflow`.
 */
export class MetricRegistry {
  readonly #host: HostMeter | undefined;
  readonly #counters = new Map<Instrument, Map<string, CounterSeries>>();
  readonly #histograms = new Map<Instrument, Map<string, HistogramSeries>>();
  readonly #readers = new Set<ObservationReader>();

  constructor(host?: HostMeter) {
    this.#host = host;
  }

  /** Counts one. */
  add<I extends Instrument & { readonly type: 'counter' }>(instrument: I, attributes: AttributesOf<I>): void {
    const series = seriesOf(this.#counters, instrument, attributes, CounterSeries);
    series.value++;
    this.#host?.add(instrument, series.attributes);
  }

  /** Counts `value` into its bucket. Clocks that went backwards count as 0. */
  record<I extends Instrument & { readonly type: 'histogram' }>(
    instrument: I,
    value: number,
    attributes: AttributesOf<I>,
  ): void {
    const series = seriesOf(this.#histograms, instrument, attributes, HistogramSeries);
    const measured = value > 0 ? value : 0;
    series.record(measured);
    this.#host?.record(instrument, measured, series.attributes);
  }

  /** `read` is asked when metrics are collected. Returns the function that ends it. */
  observe(instruments: readonly Instrument[], read: ObservationReader): () => void {
    this.#readers.add(read);
    const endAtHost = this.#host?.observe(instruments, read);
    return () => {
      this.#readers.delete(read);
      endAtHost?.();
    };
  }

  /** All metrics that have a value. */
  collect(): readonly MetricFamily[] {
    const observed = Map.groupBy(
      [...this.#readers].flatMap((read) => read()),
      ({ instrument }) => instrument,
    );
    return [...this.#histograms, ...this.#counters, ...observed].map(([instrument, series]) => ({
      instrument,
      points: Array.isArray(series) ? series : [...series.values()],
    }));
  }
}

function seriesOf<S>(
  families: Map<Instrument, Map<string, S>>,
  instrument: Instrument,
  attributes: Attributes,
  Series: new (attributes: Attributes) => S,
): S {
  let family = families.get(instrument);
  if (family === undefined) families.set(instrument, (family = new Map()));
  const key = keyOf(instrument, attributes);
  const known = family.get(key);
  if (known !== undefined) return known;
  const full = family.size >= maxSeries;
  const beyond = full ? family.get('') : undefined;
  if (beyond !== undefined) return beyond;
  const created = new Series(full ? overflow : Object.freeze({ ...attributes }));
  family.set(full ? '' : key, created);
  return created;
}

/** Each value behind a separator, so that no combination gives the empty key. */
function keyOf({ attributes: names }: Instrument, attributes: Attributes): string {
  let key = '\n';
  for (const name of names) key += `${attributes[name]}\n`;
  return key;
}
