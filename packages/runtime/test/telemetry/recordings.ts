import type { Telemetry } from '../../src/telemetry/telemetry.ts';
import type { TelemetrySource } from '../../src/telemetry/telemetry-source.ts';

export const source: TelemetrySource = {
  sessions: () => [{ provider: 'weather', idle: 1, used: 2, creating: 3, draining: 4, max: 5, pending: 6 }],
  breakers: () => [
    { provider: 'weather', level: 'upstream', open: 0 },
    { provider: 'weather', level: 'key', open: 3 },
  ],
  executorQueue: () => 8,
};

/** One measurement of every kind. */
export function recordEverything(telemetry: Telemetry): void {
  telemetry.callEnded('weather', 'reused', 'ok', 0.03);
  telemetry.callRetried('weather', 'transient');
  telemetry.sessionCreated('weather', 0.4);
  telemetry.sessionReused('weather');
  telemetry.sessionLost('weather');
  telemetry.sessionRecovered('weather');
  telemetry.sessionTimedOut('weather');
  telemetry.sessionLeaked('weather');
  telemetry.sessionEvicted('weather', 'evicted');
  telemetry.sessionWaited('weather', 0);
  telemetry.sessionUsed('weather', 0.03);
  telemetry.sessionEnded('weather', 400);
  telemetry.rejected('provider');
  telemetry.observe(source);
}
