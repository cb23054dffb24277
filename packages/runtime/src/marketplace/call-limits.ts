import type { CallLimits, Capability } from '@capstan/provider';
import { inject, Lifecycle, scoped } from '../container.ts';
import type { CallLimitOptions } from '../runtime-options.ts';
import { CALL_LIMIT_OPTIONS } from '../tokens.ts';

/** What a caller may ask for, in milliseconds. Never widens the capability's own. */
export interface TighterLimits {
  readonly timeoutMs?: number;
  readonly maxTotalMs?: number;
}

/** The limits of calls: a capability's `call_*` metadata over the runtime's options. */
@scoped(Lifecycle.ContainerScoped)
export class CallLimitTable {
  readonly #limits = new WeakMap<Capability, CallLimits>();
  readonly #defaults: CallLimitOptions;

  constructor(@inject(CALL_LIMIT_OPTIONS) defaults: CallLimitOptions) {
    this.#defaults = defaults;
  }

  of(capability: Capability): CallLimits {
    let limits = this.#limits.get(capability);
    if (limits === undefined) {
      const { metadata } = capability;
      limits = {
        timeoutMs: numberOr(metadata['call_timeout_ms'], this.#defaults.timeoutMs),
        maxTotalMs: numberOr(metadata['call_max_total_ms'], this.#defaults.maxTotalMs),
        maxOutputBytes: numberOr(metadata['call_max_output_bytes'], this.#defaults.maxOutputBytes),
      };
      this.#limits.set(capability, limits);
    }
    return limits;
  }

  /** The smaller of the capability's own and what the caller asks for. */
  tightened(capability: Capability, { timeoutMs, maxTotalMs }: TighterLimits): CallLimits {
    const limits = this.of(capability);
    if (timeoutMs === undefined && maxTotalMs === undefined) return limits;
    return {
      ...limits,
      timeoutMs: Math.min(limits.timeoutMs, timeoutMs ?? Infinity),
      maxTotalMs: Math.min(limits.maxTotalMs, maxTotalMs ?? Infinity),
    };
  }
}

function numberOr(value: string | number | boolean | undefined, fallback: number): number {
  return typeof value === 'number' ? value : fallback;
}
