import type { Logger } from '@capstan/provider';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { PooledSession } from './pooled-session.ts';
import type { ProviderSessionId } from './session-state.ts';

/** A session held by a host for work of its own: `await using lease = await pool.acquire(…)`. Disposing gives it back. */
export interface SessionLease<S = unknown> extends AsyncDisposable {
  /** The plugin's own session object. */
  readonly session: S;
  readonly id: ProviderSessionId;
  /** Whether another used the session before. */
  readonly reused: boolean;
  /** To be called while it is held for long, lest it is reported as forgotten. */
  heartbeat(): void;
}

interface Held {
  readonly session: PooledSession;
  /** Who acquired it. */
  readonly stack: string;
  beatAt: number;
  isReported: boolean;
}

/** The leases that are out, to find those that nobody gives back. */
export class SessionLeases {
  readonly #held = new Set<Held>();
  readonly #logger: Logger;
  readonly #telemetry: Telemetry;

  constructor(logger: Logger, telemetry: Telemetry) {
    this.#logger = logger;
    this.#telemetry = telemetry;
  }

  lease(session: PooledSession, reused: boolean, release: () => void): SessionLease {
    const { stack = '' } = new Error('acquired here');
    const held: Held = { session, stack, beatAt: Date.now(), isReported: false };
    this.#held.add(held);
    return {
      session: session.value,
      id: session.id,
      reused,
      heartbeat: () => {
        held.beatAt = Date.now();
      },
      [Symbol.asyncDispose]: async () => {
        if (this.#held.delete(held)) release();
      },
    };
  }

  /** Warns, once each, of leases without a sign of life for `leakAfterMs`. */
  reportLeaks(now: number, leakAfterMs: number): void {
    for (const held of this.#held) {
      if (held.isReported || now - held.beatAt < leakAfterMs) continue;
      held.isReported = true;
      const { id, plugin } = held.session;
      this.#telemetry.sessionLeaked(plugin.prefix);
      this.#logger.log('warning', `Session ${id} was acquired and not given back for ${now - held.beatAt} ms.`, {
        session: id,
        acquiredAt: held.stack,
      });
    }
  }
}
