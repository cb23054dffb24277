import { instruments } from './instruments.ts';
import type { Observation } from './metric-series.ts';

/** The session pool's present state, as far as metrics show it. Rows of one provider are added up. */
export interface TelemetrySource {
  sessions(): readonly SessionGauges[];
  breakers(): readonly BreakerGauge[];
  /** Background tasks that wait for their turn. */
  executorQueue(): number;
}

interface SessionGauges {
  readonly provider: string;
  readonly idle: number;
  readonly used: number;
  readonly creating: number;
  readonly draining: number;
  /** How many may exist at once. */
  readonly max: number;
  /** Calls that wait for a session. */
  readonly pending: number;
}

interface BreakerGauge {
  readonly provider: string;
  readonly level: 'upstream' | 'key';
  /** How many let no calls, or only a probe, through: open and half-open ones. */
  readonly open: number;
}

/** The metrics that a source feeds. */
export const observedInstruments = [
  instruments.sessionCount,
  instruments.sessionMax,
  instruments.sessionPendingRequests,
  instruments.breakerState,
  instruments.executorQueue,
] as const;

const states = ['idle', 'used', 'creating', 'draining'] as const;

export function observationsOf(source: TelemetrySource): readonly Observation[] {
  const sums = new Map<string, Observation & { value: number }>();
  const add = (instrument: Observation['instrument'], attributes: Observation['attributes'], value: number): void => {
    const key = [instrument.name, ...Object.values(attributes)].join('\n');
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { instrument, attributes, value });
    else sum.value += value;
  };
  for (const row of source.sessions()) {
    const { provider, max, pending } = row;
    for (const state of states) add(instruments.sessionCount, { provider, state }, row[state]);
    add(instruments.sessionMax, { provider }, max);
    add(instruments.sessionPendingRequests, { provider }, pending);
  }
  for (const { provider, level, open } of source.breakers()) add(instruments.breakerState, { provider, level }, open);
  add(instruments.executorQueue, {}, source.executorQueue());
  return [...sums.values()];
}
