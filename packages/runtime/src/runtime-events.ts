import type { Caller, Logger, SessionFacts, TerminationReason, UpstreamChange } from '@capstan/provider';
import { inject, Lifecycle, scoped } from './container.ts';
import { Secrets } from './secrets.ts';
import { LOGGER } from './tokens.ts';
import type { Operation } from './upstream-work.ts';

/** What happened, in order. Holds ids, counts and names; never inputs, outputs, secrets or an upstream's session id. */
export type RuntimeEvent =
  | { readonly type: 'capability-registered'; readonly capability: string; readonly provider: string }
  | {
      readonly type: 'session-required';
      readonly call: string;
      readonly capability: string;
      /** The metadata key that says so, and its value. */
      readonly key: string;
      readonly value: string | number | boolean;
      readonly metadataCount: number;
    }
  | { readonly type: 'session-delegated'; readonly call: string; readonly capability: string }
  | {
      readonly type: 'session-initializing';
      readonly session: string;
      readonly provider: string;
      readonly capability: string;
      /** SHA-256 prefix of the pool's key: equal for calls that may share the session. */
      readonly key: string;
    }
  | {
      readonly type: 'session-initialized';
      readonly session: string;
      readonly provider: string;
      readonly capability: string;
      readonly facts: SessionFacts;
      readonly durationMs: number;
    }
  | { readonly type: 'session-failed'; readonly session: string; readonly provider: string; readonly code: string }
  | { readonly type: 'session-reused'; readonly call: string; readonly session: string; readonly capability: string }
  | { readonly type: 'session-lost'; readonly session: string; readonly provider: string }
  | {
      readonly type: 'session-terminated';
      readonly session: string;
      readonly provider: string;
      readonly reason: TerminationReason;
      /** Whether the plugin reported the end in time. */
      readonly confirmed: boolean;
      readonly calls: number;
    }
  | {
      readonly type: 'call-start';
      readonly call: string;
      readonly capability: string;
      readonly effect: string;
      readonly caller: Caller;
      readonly attempt: number;
      /** Absent for a call. */
      readonly operation?: Operation;
      /** The session it runs on, where it needs one. */
      readonly session?: string;
    }
  | {
      readonly type: 'call-end';
      readonly call: string;
      readonly capability: string;
      readonly effect: string;
      /** On whose behalf; the same also where the call was refused before it started. */
      readonly caller: Caller;
      /** `ok`, `error` where the capability itself reported failure, or an error's code. */
      readonly outcome: string;
      /** Absent for a call. */
      readonly operation?: Operation;
      readonly attempts: number;
      readonly durationMs: number;
    }
  | ({ readonly type: 'upstream-changed' } & UpstreamChange);

export type RuntimeEventListener = (event: RuntimeEvent) => void;

/** The runtime's one stream of events: the marketplace and the pool write, hosts listen. */
@scoped(Lifecycle.ContainerScoped)
export class RuntimeEvents {
  readonly #listeners = new Set<RuntimeEventListener>();
  readonly #secrets: Secrets;
  readonly #logger: Logger;

  constructor(secrets: Secrets, @inject(LOGGER) logger: Logger) {
    this.#secrets = secrets;
    this.#logger = logger;
  }

  /** Whether building an event is worth the while. */
  get observed(): boolean {
    return this.#listeners.size > 0;
  }

  /** Returns the function that ends the subscription. A listener that throws is logged and passed over: it cannot fail a call. */
  on(listener: RuntimeEventListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  emit(event: RuntimeEvent): void {
    if (this.#listeners.size === 0) return;
    const clean = this.#secrets.redact(event);
    for (const listener of this.#listeners) {
      try {
        listener(clean);
      } catch (error) {
        this.#logger.log('error', `A listener failed on ${event.type}.`, { error: String(error) });
      }
    }
  }
}
