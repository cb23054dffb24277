import type { Caller, Capability, Metadata } from './capability.ts';
import type { JsonObject, JsonSchema } from './json.ts';

/** What to import, and on whose behalf. */
export interface DiscoverTarget {
  /** The words as given: a URL, the path of a document, or a command and its arguments. At least one, unless `like` says where. */
  readonly location: readonly string[];
  /** A capability whose upstream is looked at again, to compare: its metadata say where that is and how to get in. */
  readonly like?: Capability;
  /** Valid against the plugin's `discoverOptions`, defaults filled in. */
  readonly options?: JsonObject;
  /** The manifest that the drafts will be written to, where the run writes one. */
  readonly source?: { readonly file: string };
  readonly caller: Caller;
}

/** A capability to be written into a manifest, and what a reader should know about it before accepting it. */
export interface ManifestDraft {
  /** Its `metadata` holds only what is its own. */
  readonly capability: Omit<Capability, 'provider' | 'source'>;
  /** What all drafts of one upstream share: the `metadata` at the top of their file. A document may name several upstreams. */
  readonly metadata?: Metadata;
  /** What to know about all drafts of one upstream: a variable to set, a part that was left out. The same in every one of them. */
  readonly sharedNotes?: readonly string[];
  readonly notes?: readonly string[];
}

/** A plugin that can turn a live upstream or a document into manifests. */
export interface Discovers {
  /**
   * The options that an import takes: a flat object schema of strings, numbers, booleans and lists of strings, each described. The command
   * line makes one flag of each (`maxDepth` → `--max-depth`). One called `only` narrows the run: what it leaves out is not gone.
   */
  readonly discoverOptions?: JsonSchema;
  /** Uses sessions of its own, which end with the run. Rejects with a `CapstanError`; what was yielded before stays good. */
  discover(target: DiscoverTarget, signal: AbortSignal): AsyncIterable<ManifestDraft>;
}
