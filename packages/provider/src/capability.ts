import type { JsonSchema } from './json.ts';

/** Flat, as declared: `weather_server_url` → value. A list in a manifest arrives as lines joined by line breaks. */
export type Metadata = Readonly<Record<string, string | number | boolean>>;

/**
 * What calling twice would do, so whether the pool may repeat a call that may have been sent:
 * `read` changes nothing, `idempotent` may be repeated, `keyed` may be repeated with the same idempotency key, `once` never.
 */
export type Effect = 'read' | 'idempotent' | 'keyed' | 'once';

export type CapabilityKind = 'tool' | 'resource' | 'resource-template' | 'prompt';

/** Where in which file something was declared. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One thing that can be called, as its manifest declares it. */
export interface Capability {
  readonly id: string;
  readonly kind: CapabilityKind;
  readonly name?: string;
  readonly description?: string;
  readonly version?: string;
  readonly tags?: readonly string[];
  readonly effect: Effect;
  /** Whether it may be served outward, beyond the process that embeds the runtime. */
  readonly publish: boolean;
  readonly input?: JsonSchema;
  readonly output?: JsonSchema;
  /** The prefix of the plugin that runs it. */
  readonly provider: string;
  readonly metadata: Metadata;
  readonly source: SourceLocation;
}

/** On whose behalf a call runs. Decides which sessions it may share. */
export interface Caller {
  readonly subject?: string;
  readonly tenant?: string;
  readonly scopes?: readonly string[];
}
