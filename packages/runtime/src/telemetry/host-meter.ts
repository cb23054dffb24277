import type { Counter, Histogram, Meter, MeterProvider, Observable } from '@opentelemetry/api';
import { bucketBoundaries, type Instrument } from './instruments.ts';
import type { ObservationReader } from './metric-series.ts';

type Attributes = Readonly<Record<string, string>>;

/** The instruments, made in a host's own meter provider. */
export class HostMeter {
  readonly #meter: Meter;
  readonly #counters = new Map<Instrument, Counter>();
  readonly #histograms = new Map<Instrument, Histogram>();

  constructor(provider: MeterProvider) {
    this.#meter = provider.getMeter('capstan');
  }

  add(instrument: Instrument, attributes: Attributes): void {
    let counter = this.#counters.get(instrument);
    if (counter === undefined) {
      const { name, unit, description } = instrument;
      counter = this.#meter.createCounter(name, { unit, description });
      this.#counters.set(instrument, counter);
    }
    counter.add(1, attributes);
  }

  record(instrument: Instrument, value: number, attributes: Attributes): void {
    let histogram = this.#histograms.get(instrument);
    if (histogram === undefined) {
      const { name, unit, description } = instrument;
      const advice = { explicitBucketBoundaries: [...bucketBoundaries] };
      histogram = this.#meter.createHistogram(name, { unit, description, advice });
      this.#histograms.set(instrument, histogram);
    }
    histogram.record(value, attributes);
  }

  /**
   * `read` is asked when the host's metrics are collected. OpenTelemetry has no histogram that is read: those are left out.
   * Returns the function that ends it.
   */
  observe(instruments: readonly Instrument[], read: ObservationReader): () => void {
    const observables = new Map<Instrument, Observable>();
    for (const instrument of instruments) {
      const { name, unit, description, type } = instrument;
      if (type === 'gauge') {
        observables.set(instrument, this.#meter.createObservableGauge(name, { unit, description }));
      } else if (type === 'up-down-counter') {
        observables.set(instrument, this.#meter.createObservableUpDownCounter(name, { unit, description }));
      }
    }
    if (observables.size === 0) return () => {};
    const callback: Parameters<Meter['addBatchObservableCallback']>[0] = (result) => {
      for (const { instrument, attributes, value } of read()) {
        const observable = observables.get(instrument);
        if (observable !== undefined && typeof value === 'number') result.observe(observable, value, attributes);
      }
    };
    const all = [...observables.values()];
    this.#meter.addBatchObservableCallback(callback, all);
    return () => this.#meter.removeBatchObservableCallback(callback, all);
  }
}
