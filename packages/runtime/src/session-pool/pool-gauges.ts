import type { TelemetrySource } from '../telemetry/telemetry-source.ts';
import type { Breaker } from './breaker.ts';
import type { SessionLedger } from './session-ledger.ts';
import type { SlotTable } from './slot-table.ts';
import type { TaskScope } from './task-scope.ts';

/** What can be read off a pool at any time, for whoever collects metrics. */
export function poolGauges(
  slots: SlotTable,
  ledger: SessionLedger,
  tasks: TaskScope,
  limits: { readonly maxSessionsPerProvider: number },
): TelemetrySource {
  return {
    sessions() {
      const providers = new Map<
        string,
        { idle: number; used: number; creating: number; draining: number; pending: number }
      >();
      const of = (provider: string) => {
        let counts = providers.get(provider);
        if (counts === undefined) {
          counts = { idle: 0, used: 0, creating: 0, draining: 0, pending: 0 };
          providers.set(provider, counts);
        }
        return counts;
      };
      for (const { state, plugin } of ledger.live) {
        const counts = of(plugin.prefix);
        if (state === 'ready' || state === 'validating') counts.idle++;
        else if (state === 'busy') counts.used++;
        else if (state === 'creating') counts.creating++;
        else counts.draining++;
      }
      for (const { plugin, pending } of slots.slots) of(plugin.prefix).pending += pending;
      return [...providers].map(([provider, counts]) => ({ provider, max: limits.maxSessionsPerProvider, ...counts }));
    },
    breakers: () => [
      ...Iterator.from(slots.slots).map(({ plugin, breaker }) => ({
        provider: plugin.prefix,
        level: 'key' as const,
        open: isOpen(breaker),
      })),
      ...Iterator.from(slots.upstreams).map(({ prefix, breaker }) => ({
        provider: prefix,
        level: 'upstream' as const,
        open: isOpen(breaker),
      })),
    ],
    executorQueue: () => tasks.queued,
  };
}

function isOpen({ state }: Breaker): number {
  return state === 'closed' ? 0 : 1;
}
