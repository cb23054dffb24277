import type { Capability } from './capability.ts';
import type { JsonObject } from './json.ts';

/** A live upstream's address or command, or a document; `options` are the importing command's own. */
export interface DiscoverTarget {
  readonly location: string;
  readonly options?: JsonObject;
}

/** A capability to be written into a manifest, and what a reader should know about it before accepting it. */
export interface ManifestDraft {
  readonly capability: Omit<Capability, 'provider' | 'source'>;
  readonly notes?: readonly string[];
}

/** A plugin that can turn a live upstream or a document into manifests. */
export interface Discovers {
  discover(target: DiscoverTarget, signal: AbortSignal): AsyncIterable<ManifestDraft>;
}
