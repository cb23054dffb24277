import type { SessionFacts, TerminationReason } from '@capstan/provider';
import type { SessionSettings } from './session-settings.ts';

/** What decides when a session ends by itself. Times are milliseconds since the epoch. */
export interface SessionAge {
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly inFlight: number;
  readonly facts: SessionFacts;
}

/** When a session ends if nothing else happens. Each has its own jitter, so that sessions opened together do not end together. */
export class SessionLifetime {
  readonly #idleFactor = 0.9 + Math.random() * 0.2;
  readonly #lifetimeFactor = 1 - Math.random() * 0.1;

  /** A session in use has no idle end. */
  endOf(age: SessionAge, settings: SessionSettings): { readonly at: number; readonly why: TerminationReason } {
    const { createdAt, lastUsedAt, inFlight, facts } = age;
    const { idleTimeoutMs, maxLifetimeMs } = settings;
    const lifetimeAt = Math.min(createdAt + maxLifetimeMs * this.#lifetimeFactor, facts.expiresAt ?? Infinity);
    const idleAt = inFlight > 0 ? Infinity : lastUsedAt + idleTimeoutMs * this.#idleFactor;
    return lifetimeAt <= idleAt ? { at: lifetimeAt, why: 'lifetime' } : { at: idleAt, why: 'idle' };
  }
}
