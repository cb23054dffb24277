import type { Caller, SessionFacts, TerminationReason } from '@capstan/provider';
import type { SessionScope } from './pool-key.ts';
import type { PooledSession } from './pooled-session.ts';
import type { ProviderSessionId, SessionState } from './session-state.ts';

const mostEnded = 1_000;
const endedForMs = 3_600_000;

/** One provider session, as shown to people. No secret, no upstream session id. Times are milliseconds since the epoch. */
export interface LedgerEntry {
  readonly id: ProviderSessionId;
  readonly provider: string;
  readonly openedBy: Caller;
  /** The capability whose call opened it. */
  readonly openedFor: string;
  readonly scope: SessionScope;
  readonly state: SessionState;
  readonly facts: SessionFacts;
  readonly calls: number;
  readonly inFlight: number;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly willEnd?: { readonly at: number; readonly why: TerminationReason };
  readonly ended?: { readonly at: number; readonly why: TerminationReason; readonly confirmed: boolean };
}

/** Every session that exists, and the last 1 000 that ended within an hour. */
export class SessionLedger {
  readonly #live = new Map<ProviderSessionId, PooledSession>();
  readonly #ended: LedgerEntry[] = [];
  #sequence = 0;

  nextId(prefix: string): ProviderSessionId {
    return `${prefix}-${++this.#sequence}`;
  }

  add(session: PooledSession): void {
    this.#live.set(session.id, session);
  }

  /** It never opened, so there is nothing to tell of it. */
  forget(session: PooledSession): void {
    this.#live.delete(session.id);
  }

  end(session: PooledSession): void {
    this.#live.delete(session.id);
    this.#ended.push(entryOf(session));
    if (this.#ended.length > mostEnded) this.#ended.shift();
  }

  find(id: ProviderSessionId): PooledSession | undefined {
    return this.#live.get(id);
  }

  get live(): MapIterator<PooledSession> {
    return this.#live.values();
  }

  get size(): number {
    return this.#live.size;
  }

  /** Oldest first, the ended before the live. */
  list(): readonly LedgerEntry[] {
    const since = Date.now() - endedForMs;
    while (this.#ended[0]?.ended !== undefined && this.#ended[0].ended.at < since) this.#ended.shift();
    return [...this.#ended, ...this.#live.values().map(entryOf)];
  }
}

function entryOf(session: PooledSession): LedgerEntry {
  const { id, plugin, openedBy, openedFor, scope, state, facts, calls, inFlight, createdAt, lastUsedAt } = session;
  const { willEnd, ended } = session;
  return {
    id,
    provider: plugin.prefix,
    openedBy,
    openedFor,
    scope,
    state,
    facts,
    calls,
    inFlight: ended === undefined ? inFlight : 0,
    createdAt,
    lastUsedAt,
    ...(willEnd === undefined ? {} : { willEnd }),
    ...(ended === undefined ? {} : { ended }),
  };
}
