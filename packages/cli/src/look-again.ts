import { type Capability, CapstanError } from '@capstan/provider';
import { type ChangedCapability, compareDrafts, DraftPreparer, pinKey, type Runtime } from '@capstan/runtime';
import { collectDrafts } from './collect-drafts.ts';
import { type DiscoveringPlugin, findDiscoveringPlugin } from './discovering-plugins.ts';
import type { Output } from './output.ts';

/** What became of capabilities at their upstreams. */
export interface LookedAgain {
  readonly changed: readonly ChangedCapability[];
  readonly unchanged: readonly Capability[];
  /** No longer offered. */
  readonly gone: readonly Capability[];
  /** Upstreams that could not be asked. */
  readonly failures: readonly CapstanError[];
}

/** Asks the upstream of each capability what it offers now, once for those that may share a session. */
export async function lookAgain(
  capabilities: readonly Capability[],
  runtime: Runtime,
  preparer: DraftPreparer,
  signal: AbortSignal,
  output: Output,
): Promise<LookedAgain> {
  const changed: ChangedCapability[] = [];
  const unchanged: Capability[] = [];
  const gone: Capability[] = [];
  const failures: CapstanError[] = [];
  for (const members of byUpstream(capabilities, runtime).values()) {
    const [like] = members;
    if (like === undefined) continue;
    const plugin = findDiscoveringPlugin(like.provider, runtime);
    const { drafts, failure } = await collectDrafts(plugin, { location: [], like, caller: {} }, signal, output);
    if (failure !== undefined) {
      failures.push(failure);
      continue;
    }
    const prepared = drafts.map((draft) => withShared(draft, like)).map((draft) => preparer.prepare(draft));
    const compared = compareDrafts(
      members,
      prepared.filter((draft) => 'text' in draft),
    );
    changed.push(...compared.changed);
    unchanged.push(...compared.unchanged);
    gone.push(...compared.removed);
  }
  return { changed, unchanged, gone, failures };
}

function byUpstream(capabilities: readonly Capability[], runtime: Runtime): ReadonlyMap<string, readonly Capability[]> {
  return Map.groupBy(capabilities, (capability) => {
    const plugin: DiscoveringPlugin = findDiscoveringPlugin(capability.provider, runtime);
    return JSON.stringify([capability.provider, capability.kind, plugin.sessionKey(capability, {})]);
  });
}

/** A draft alone says too little to be loaded: how to get at the upstream stands with the capability. */
function withShared<T extends { readonly capability: Pick<Capability, 'metadata'> }>(
  draft: T,
  { metadata }: Capability,
): T & { readonly metadata: Capability['metadata'] } {
  const pin = pinKey(draft.capability.metadata);
  const shared = Object.entries(metadata).filter(([key]) => key !== pin && !isIdentity(key, draft));
  return { ...draft, metadata: Object.fromEntries(shared) };
}

function isIdentity(key: string, { capability }: { readonly capability: Pick<Capability, 'metadata'> }): boolean {
  return Object.hasOwn(capability.metadata, key);
}
