import type { Caller, Capability } from './capability.ts';
import type { LogLevel } from './invocation.ts';
import type { JsonObject } from './json.ts';

/** What the runtime lends a plugin. */
export interface ProviderHost {
  readonly secrets: SecretSource;
  readonly egress: EgressPolicy;
  readonly logger: Logger;
  /** Aborts when the runtime closes. */
  readonly signal: AbortSignal;
  limits(capability: Capability): CallLimits;
  /** To be called when an upstream says that its catalog, a resource or a prompt changed. */
  upstreamChanged(change: UpstreamChange): void;
}

/** Where secrets come from: the process's environment, unless the host app says otherwise. */
export interface SecretSource {
  /** The value of `variable`, or undefined where it is not set. Read at call time, never kept by a plugin. */
  read(
    variable: string,
    context: { readonly caller: Caller; readonly capability: Capability },
  ): Promise<string | undefined>;
}

/** Which addresses plugins may reach beyond the public internet. */
export interface EgressPolicy {
  /** CIDR blocks or `host:port` of private addresses that manifests may name. Loopback needs no entry. Default none. */
  readonly allow?: readonly string[];
  /** Also refuses loopback, for hosts that load other people's manifests. Default false. */
  readonly strict?: boolean;
}

/** Bounds of one call, after the capability's own `call_*` metadata. */
export interface CallLimits {
  /** Without an answer or progress. */
  readonly timeoutMs: number;
  /** Retries included; progress does not extend it. */
  readonly maxTotalMs: number;
  /** Decoded bytes of an answer. */
  readonly maxOutputBytes: number;
}

export interface Logger {
  log(level: LogLevel, message: string, details?: JsonObject): void;
}

export interface UpstreamChange {
  readonly provider: string;
  readonly upstream: readonly string[];
  readonly what: 'catalog' | 'resource' | 'prompt';
  /** The one that changed, where the upstream says which. */
  readonly name?: string;
}
