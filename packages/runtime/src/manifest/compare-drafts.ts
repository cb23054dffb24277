import { isDeepStrictEqual } from 'node:util';
import type { Capability, Metadata } from '@capstan/provider';
import type { PreparedDraft } from './prepare-drafts.ts';

/** Of `<prefix>_definition_sha256`, whatever the prefix: what an operator accepted, not what is called. */
const pinSuffix = '_definition_sha256';

export type ComparedField = 'name' | 'description' | 'input' | 'output' | 'definition';

export interface ChangedCapability {
  readonly capability: Capability;
  readonly draft: PreparedDraft;
  /** `definition`: a part that manifests do not repeat. */
  readonly fields: readonly ComparedField[];
}

/** How what manifests hold differs from what an upstream offers. */
export interface DraftComparison {
  readonly added: readonly PreparedDraft[];
  readonly removed: readonly Capability[];
  readonly changed: readonly ChangedCapability[];
  readonly unchanged: readonly Capability[];
  /** Keys of the shared metadata whose value no capability has. */
  readonly metadata: readonly string[];
}

/**
 * Holds drafts against capabilities that were imported before, matched by their own metadata, whatever their ids are now, else by
 * id. One with a pin
 * changed if its pin did: what people edited is theirs.
 */
export function compareDrafts(capabilities: readonly Capability[], drafts: readonly PreparedDraft[]): DraftComparison {
  const pairs = pairUp(capabilities, drafts);
  const changed: ChangedCapability[] = [];
  const unchanged: Capability[] = [];
  for (const [capability, draft] of pairs) {
    const fields = changedFields(capability, draft);
    if (fields.length > 0) changed.push({ capability, draft, fields });
    else unchanged.push(capability);
  }
  const matched = new Set(pairs.values());
  const shared = Object.entries(drafts[0]?.metadata ?? {});
  return {
    added: drafts.filter((draft) => !matched.has(draft)),
    removed: capabilities.filter((capability) => !pairs.has(capability)),
    changed,
    unchanged,
    metadata: shared
      .filter(([key, value]) => !capabilities.some(({ metadata }) => isSame(metadata[key], value)))
      .map(([key]) => key),
  };
}

/** The key of a pin among metadata, where there is one. */
export function pinKey(metadata: Metadata): string | undefined {
  return Object.keys(metadata).find((key) => key.endsWith(pinSuffix));
}

function pairUp(
  capabilities: readonly Capability[],
  drafts: readonly PreparedDraft[],
): ReadonlyMap<Capability, PreparedDraft> {
  const pairs = new Map<Capability, PreparedDraft>();
  const byKeys = Map.groupBy(drafts, ({ capability }) => identityKeys(capability.metadata).join(' '));
  for (const [joined, members] of byKeys) {
    const keys = joined.split(' ');
    const byValue = new Map(members.map((draft) => [valuesOf(draft.capability.metadata, keys), draft]));
    for (const capability of capabilities) {
      const draft = byValue.get(valuesOf(capability.metadata, keys));
      if (draft !== undefined && !pairs.has(capability)) pairs.set(capability, draft);
    }
  }
  const matched = new Set(pairs.values());
  const byId = new Map(drafts.filter((draft) => !matched.has(draft)).map((draft) => [draft.capability.id, draft]));
  for (const capability of capabilities) {
    const draft = pairs.has(capability) ? undefined : byId.get(capability.id);
    if (draft !== undefined) pairs.set(capability, draft);
  }
  return pairs;
}

function identityKeys(metadata: Metadata): readonly string[] {
  return Object.keys(metadata)
    .filter((key) => !key.endsWith(pinSuffix))
    .toSorted();
}

function valuesOf(metadata: Metadata, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => metadata[key] ?? null));
}

function changedFields(capability: Capability, { capability: drafted }: PreparedDraft): readonly ComparedField[] {
  const pin = pinKey(drafted.metadata);
  const isPinned = pin !== undefined && capability.metadata[pin] !== undefined;
  if (isPinned && String(capability.metadata[pin]).toLowerCase() === drafted.metadata[pin]) return [];
  const names = ['name', 'description', 'input', 'output'] as const;
  const fields: ComparedField[] = names.filter((name) => !isDeepStrictEqual(capability[name], drafted[name]));
  return fields.length === 0 && pin !== undefined ? ['definition'] : fields;
}

function isSame(a: unknown, b: unknown): boolean {
  return String(a) === String(b);
}
