import { bucketBoundaries, type Instrument } from './instruments.ts';

export interface HistogramValue {
  readonly boundaries: readonly number[];
  /** One for each boundary, values up to and including it, and one for all above; not cumulative. */
  readonly counts: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** One value of a metric, with the attributes it belongs to. */
export interface MetricPoint {
  readonly attributes: Readonly<Record<string, string>>;
  readonly value: number | HistogramValue;
}

/** What a gauge, or anything else that is measured elsewhere, shows at the moment of asking. */
export interface Observation extends MetricPoint {
  readonly instrument: Instrument;
}

export type ObservationReader = () => readonly Observation[];

/** A metric and all its values. */
export interface MetricFamily {
  readonly instrument: Instrument;
  readonly points: readonly MetricPoint[];
}

export class CounterSeries implements MetricPoint {
  readonly attributes: Readonly<Record<string, string>>;
  value = 0;

  constructor(attributes: Readonly<Record<string, string>>) {
    this.attributes = attributes;
  }
}

export class HistogramSeries implements MetricPoint, HistogramValue {
  readonly attributes: Readonly<Record<string, string>>;
  readonly boundaries = bucketBoundaries;
  readonly counts: number[] = Array.from({ length: bucketBoundaries.length + 1 }, () => 0);
  sum = 0;
  count = 0;

  constructor(attributes: Readonly<Record<string, string>>) {
    this.attributes = attributes;
  }

  get value(): HistogramValue {
    return this;
  }

  record(value: number): void {
    // From the low end: most calls are answered within the first bucket or two.
    let bucket = 0;
    while (value > (this.boundaries[bucket] ?? Infinity)) bucket++;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
    this.sum += value;
    this.count++;
  }
}
