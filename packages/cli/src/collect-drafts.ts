import { CapstanError, type DiscoverTarget, type ManifestDraft } from '@capstan/provider';
import type { DiscoveringPlugin } from './discovering-plugins.ts';
import type { Output } from './output.ts';

/** What a run yielded; `failure` is why it ended early, or what one of its upstreams did. */
export interface CollectedDrafts {
  readonly drafts: readonly ManifestDraft[];
  readonly failure?: CapstanError;
}

/** Rejects with `CANCELLED`, and with what is no `CapstanError`. */
export async function collectDrafts(
  plugin: DiscoveringPlugin,
  target: DiscoverTarget,
  signal: AbortSignal,
  output: Output,
): Promise<CollectedDrafts> {
  const drafts: ManifestDraft[] = [];
  try {
    output.progress('connecting …');
    for await (const draft of plugin.discover(target, signal)) {
      drafts.push(draft);
      output.progress(`${drafts.length} found, the last is ${draft.capability.id}`);
    }
    return { drafts };
  } catch (error) {
    if (signal.aborted) throw new CapstanError('CANCELLED', 'The command was cancelled.', { cause: error });
    if (!CapstanError.isInstance(error)) throw error;
    return { drafts, failure: error };
  } finally {
    output.clearProgress();
  }
}
