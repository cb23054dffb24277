import type { CapabilityKind, Effect, JsonSchema } from '@capstan/provider';

export type MetadataScalar = string | number | boolean;

/** Metadata as people write it: `weather: { server_url: … }` is the same as `weather_server_url: …`, a list the same as its lines. */
export interface NestedMetadata {
  readonly [key: string]: MetadataScalar | readonly MetadataScalar[] | NestedMetadata;
}

/** One capability as a manifest declares it. */
export interface CapabilityDeclaration {
  readonly id: string;
  /** Default `tool`. */
  readonly kind?: CapabilityKind;
  readonly name?: string;
  readonly description?: string;
  readonly version?: string;
  readonly tags?: readonly string[];
  /** Default `once`. */
  readonly effect?: Effect;
  /** Default true. */
  readonly publish?: boolean;
  readonly input?: JsonSchema;
  readonly output?: JsonSchema;
  /** The prefix of the plugin that runs it; found by the metadata's keys where it is not said. */
  readonly provider?: string;
  readonly metadata?: NestedMetadata;
}

/** A manifest with several capabilities; its `metadata` is shared by all of them, a capability's own wins. */
export interface CapabilityFile {
  readonly metadata?: NestedMetadata;
  readonly capabilities: readonly CapabilityDeclaration[];
}

/** What one YAML document holds. */
export type Manifest = CapabilityFile | CapabilityDeclaration;
