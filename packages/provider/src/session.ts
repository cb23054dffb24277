import type { Caller, Capability } from './capability.ts';

/**
 * Which upstream, and as whom it sees us. Calls with equal keys may share a session, within their `session_scope`.
 * Structured, the pool makes the digest. Never holds a token nor a part of one.
 */
export interface SessionKey {
  /** For example origin and path, or a digest of command and arguments. */
  readonly upstream: readonly string[];
  readonly identity:
    | { readonly kind: 'none' }
    | { readonly kind: 'static'; readonly envVars: readonly string[] }
    | {
        readonly kind: 'oauth';
        readonly issuer: string;
        readonly client: string;
        readonly audience: string;
        readonly subject?: string;
      };
}

/** What a plugin is given to open a session. */
export interface SessionRequest {
  /** The capability whose call needs the session first; others with an equal key will use it too. */
  readonly capability: Capability;
  readonly caller: Caller;
  /** `required`: a session of the plugin's own kind or none; `auto`: whatever the upstream needs. */
  readonly mode: 'auto' | 'required';
  /** Aborts at the create timeout, on drain, or when no caller waits any more; never on one caller's own cancel. */
  readonly signal: AbortSignal;
  /** To be called when the session is found dead between calls: process exit, socket end, expiry told by the upstream. */
  readonly onLost: (cause: unknown) => void;
  /** To be called when the session should take no new calls: catalog, login or secret changed. It ends after its last call. */
  readonly onStale: () => void;
}

/** Facts known after the handshake. Policy stays with the pool. */
export interface SessionFacts {
  /** Costs nothing to keep and nothing to open: a record, not a connection. */
  readonly light?: boolean;
  /** Calls that the upstream takes at once on this session. */
  readonly maxConcurrency?: number;
  /** Milliseconds since the epoch. */
  readonly expiresAt?: number;
  readonly protocolVersion?: string;
  readonly upstreamName?: string;
  /** SHA-256 prefix of the upstream's own session id, if it gave one: comparable, worthless to a thief. */
  readonly upstreamSessionHash?: string;
}

/** What an error means to the pool, decided by class, status and code, never by message text. */
export interface ErrorVerdict {
  /**
   * `session-lost`: gone, a new one may help. `unauthorized`: fresh credentials may help. `transient`: the same call may work later.
   * `caller`: this call is wrong, the session is fine. `fatal`: nothing will help.
   */
  readonly kind: 'session-lost' | 'unauthorized' | 'transient' | 'caller' | 'fatal';
  /** False only if the call was certainly not executed: never written, or refused before it ran. */
  readonly sent: boolean;
  readonly retryAfterMs?: number;
}

export type TerminationReason =
  | 'idle'
  | 'lifetime'
  | 'stale'
  | 'lost'
  | 'evicted'
  | 'invalidated'
  | 'explicit'
  | 'drain';
