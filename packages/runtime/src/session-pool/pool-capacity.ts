import type { PooledSession } from './pooled-session.ts';
import type { SessionLedger } from './session-ledger.ts';

type Scope = 'provider' | 'total';

interface Wanting {
  readonly scope: Scope;
  readonly provider: string;
}

/** How many sessions may exist: of one provider, and in all. Who finds no place waits for one; an idle session makes room. */
export class PoolCapacity {
  readonly #ledger: SessionLedger;
  readonly #limits: { readonly maxSessionsPerProvider: number; readonly maxSessionsTotal: number };
  /** Whoever was refused, to be told when a session ended. */
  readonly #wanting = new Map<() => void, Wanting>();
  readonly #counts = new Map<string, number>();
  #total = 0;

  constructor(
    ledger: SessionLedger,
    limits: { readonly maxSessionsPerProvider: number; readonly maxSessionsTotal: number },
  ) {
    this.#ledger = ledger;
    this.#limits = limits;
  }

  /** Somebody waits for a place. */
  get isWanted(): boolean {
    return this.#wanting.size > 0;
  }

  /**
   * Takes a place for a session of `provider`, which `release` gives back. Where there is none, says which bound is reached, ends the
   * session in the way that is idle for longest, once for each that waits, and calls `onRoom` once when a place may be free.
   */
  reserve(provider: string, onRoom: () => void): Scope | undefined {
    const ofProvider = this.#counts.get(provider) ?? 0;
    const scope = this.#bound(ofProvider);
    if (scope === undefined) {
      this.#wanting.delete(onRoom);
      this.#counts.set(provider, ofProvider + 1);
      this.#total++;
      return undefined;
    }
    if (!this.#wanting.has(onRoom)) {
      this.#wanting.set(onRoom, { scope, provider });
      void this.#longestIdle(scope === 'provider' ? provider : undefined)?.terminate('evicted');
    }
    return scope;
  }

  /** No longer wanted by `onRoom`. */
  forget(onRoom: () => void): void {
    this.#wanting.delete(onRoom);
  }

  /** Ends a session that has nothing to do, where somebody waits for its place. */
  offer(session: PooledSession): void {
    const { prefix } = session.plugin;
    for (const { scope, provider } of this.#wanting.values()) {
      if (scope === 'total' || provider === prefix) return void session.terminate('evicted');
    }
  }

  release(provider: string): void {
    this.#counts.set(provider, (this.#counts.get(provider) ?? 1) - 1);
    this.#total--;
    const wanting = [...this.#wanting.keys()];
    this.#wanting.clear();
    for (const onRoom of wanting) onRoom();
  }

  #bound(ofProvider: number): Scope | undefined {
    if (ofProvider >= this.#limits.maxSessionsPerProvider) return 'provider';
    return this.#total >= this.#limits.maxSessionsTotal ? 'total' : undefined;
  }

  #longestIdle(provider: string | undefined): PooledSession | undefined {
    let longest: PooledSession | undefined;
    for (const session of this.#ledger.live) {
      if (session.state !== 'ready' || (provider !== undefined && session.plugin.prefix !== provider)) continue;
      if (longest === undefined || session.lastUsedAt < longest.lastUsedAt) longest = session;
    }
    return longest;
  }
}
