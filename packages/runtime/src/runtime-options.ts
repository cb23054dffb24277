import type { EgressPolicy, Logger, Provider, SecretSource } from '@capstan/provider';
import type { CallInterceptor } from './call-interceptor.ts';
import type { DependencyContainer } from './container.ts';
import type { Manifest } from './manifest/manifest.ts';
import type { ManifestProblem } from './manifest/manifest-problem.ts';
import type { TelemetryOptions } from './telemetry/telemetry.ts';

/** What a host app may set. Only `manifests` and `providers` are required. */
export interface RuntimeOptions {
  /** Files and folders (read recursively), or manifests already parsed. */
  readonly manifests: string | readonly string[] | readonly Manifest[];
  readonly providers: readonly Provider[];
  readonly sessions?: Partial<SessionPoolOptions>;
  readonly calls?: Partial<CallLimitOptions>;
  /** Private addresses that plugins may reach. Default: loopback only, and only where a manifest names it. */
  readonly egress?: EgressPolicy;
  /** Default: `environment`. */
  readonly secrets?: SecretSource;
  /** Variables for `*_override_env_var` and, by default, secrets. Default `process.env`. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Outermost first. */
  readonly interceptors?: readonly CallInterceptor[];
  /** Default: drops everything. Secrets are redacted before it sees them. */
  readonly logger?: Logger;
  /**
   * Gets every problem of the manifests once, after loading; what is valid is served. Without it `createRuntime` rejects with
   * `MANIFEST_INVALID` where any problem is an error.
   */
  readonly onManifestProblems?: (problems: readonly ManifestProblem[]) => void;
  /** Default: metrics for `exportMetrics`, and spans for the tracer that the host made OpenTelemetry's global one. */
  readonly telemetry?: TelemetryOptions;
  /** Replaces any part of the runtime by its token, before anything is resolved. */
  readonly configure?: (container: DependencyContainer) => void;
}

/** Bounds of one call. A capability's `call_*` metadata wins. */
export interface CallLimitOptions {
  /** Without an answer or progress; rests while the caller is asked something. Default 60 000. Metadata: `call_timeout_ms`. */
  readonly timeoutMs: number;
  /** Waiting, retries and questions to the caller included; progress does not extend it. Default 600 000. Metadata: `call_max_total_ms`. */
  readonly maxTotalMs: number;
  /** Decoded bytes of an answer. Default 16 777 216. Metadata: `call_max_output_bytes`. */
  readonly maxOutputBytes: number;
}

export const defaultCallLimits: CallLimitOptions = {
  timeoutMs: 60_000,
  maxTotalMs: 600_000,
  maxOutputBytes: 16_777_216,
};

/** The session pool's bounds. A capability's `session_*` metadata wins; of capabilities that share a session the smallest value counts. */
export interface SessionPoolOptions {
  /** Calls at once on one session. Default: what the plugin knows of the session, else 64, or 256 where it costs nothing to keep. Metadata: `session_max_concurrency`. */
  readonly maxConcurrency: number | undefined;
  /** Sessions for one pool key. Default 1: sessions are shared by concurrent calls. Metadata: `session_max_sessions`. */
  readonly maxSessions: number;
  /** Sessions of one provider; beyond it the one idle for longest ends, or calls wait. Default 256. */
  readonly maxSessionsPerProvider: number;
  /** Sessions in all; beyond it likewise. Default 1 000. */
  readonly maxSessionsTotal: number;
  /** Calls that may wait for one pool key; beyond it `OVERLOADED`. Default 1 024. Metadata: `session_queue_limit`. */
  readonly queueLimit: number;
  /** A session unused for this long ends, ± 10 %. Default 300 000. Metadata: `session_idle_timeout_ms`. */
  readonly idleTimeoutMs: number;
  /** A session takes no new calls after this long, less up to 10 %. Default 1 800 000. Metadata: `session_max_lifetime_ms`. */
  readonly maxLifetimeMs: number;
  /** How long a call waits for a session, never past its own deadline. Default 10 000. */
  readonly acquireTimeoutMs: number;
  /** How long a plugin may take to open, validate or refresh a session. Default 15 000. */
  readonly createTimeoutMs: number;
  /** A session unused for this long is asked whether it lives before it takes a call, where its plugin can tell. Default 30 000. */
  readonly validateAfterIdleMs: number;
  /** An acquired session without a heartbeat for this long is reported as forgotten. Default 60 000. */
  readonly leakAfterMs: number;
  /** How often sessions are looked through for those whose time has come. Default 5 000. */
  readonly sweepIntervalMs: number;
  /** On close: how long calls in flight may go on. Default 20 000. */
  readonly drainTimeoutMs: number;
  /** How long a plugin may take to end a session; then it is dropped, unconfirmed. Default 5 000. */
  readonly terminateTimeoutMs: number;
}

export const defaultSessionPoolOptions: SessionPoolOptions = {
  maxConcurrency: undefined,
  maxSessions: 1,
  maxSessionsPerProvider: 256,
  maxSessionsTotal: 1_000,
  queueLimit: 1_024,
  idleTimeoutMs: 300_000,
  maxLifetimeMs: 1_800_000,
  acquireTimeoutMs: 10_000,
  createTimeoutMs: 15_000,
  validateAfterIdleMs: 30_000,
  leakAfterMs: 60_000,
  sweepIntervalMs: 5_000,
  drainTimeoutMs: 20_000,
  terminateTimeoutMs: 5_000,
};
