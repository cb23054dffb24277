import { monitorEventLoopDelay } from 'node:perf_hooks';
import { bucketBoundaries } from './instruments.ts';
import type { HistogramValue } from './metric-series.ts';

// Every sample wakes an idle process: at 10 ms that took 0.6 % of a core, at 20 ms 0.3 %.
const resolutionMs = 20;

/** Measures how late the event loop is, from its creation until `close`. Keeps no process alive. */
export class EventLoopDelay {
  readonly #monitor: ReturnType<typeof monitorEventLoopDelay>;

  constructor() {
    this.#monitor = monitorEventLoopDelay({ resolution: resolutionMs });
    this.#monitor.enable();
  }

  /** All samples so far, in seconds. */
  read(): HistogramValue {
    const { count, mean } = this.#monitor;
    const upTo = bucketBoundaries.map((boundary) => this.#countUpTo(boundary, count));
    return {
      boundaries: bucketBoundaries,
      counts: [...upTo, count].map((cumulative, bucket) => cumulative - (upTo[bucket - 1] ?? 0)),
      sum: count === 0 ? 0 : Math.max(0, mean / 1e9 - resolutionMs / 1000) * count,
      count,
    };
  }

  close(): void {
    this.#monitor.disable();
  }

  /** How many samples are at most `seconds`, by bisection: the monitor only tells percentiles. */
  #countUpTo(seconds: number, count: number): number {
    // A sample is the whole time between two ticks.
    const limit = (seconds + resolutionMs / 1000) * 1e9;
    let low = 0;
    let high = count;
    while (low < high) {
      const rank = Math.ceil((low + high) / 2);
      if (this.#monitor.percentile((rank / count) * 100) <= limit) low = rank;
      else high = rank - 1;
    }
    return low;
  }
}
