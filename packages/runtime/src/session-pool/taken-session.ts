import type { PooledSession } from './pooled-session.ts';

/** A session taken for one call; whoever took it releases it. */
export interface Taken {
  readonly session: PooledSession;
  /** False for the call that it was opened for. */
  readonly reused: boolean;
  /** Whether other calls were on it. */
  readonly others: boolean;
  /** The how-manieth taking this was. */
  readonly order: number;
}
