import type { ManifestDraft } from '@capstan/provider';
import type { DraftPreparer, PreparedDraft, RefusedDraft } from '@capstan/runtime';

/** The drafts of one upstream, which make one manifest. */
export interface ImportGroup {
  /** Of its file, without ending. Safe for a file name. */
  readonly name: string;
  readonly drafts: readonly PreparedDraft[];
  readonly refused: readonly RefusedDraft[];
}

/** Puts drafts together by upstream: equal shared metadata and equal first words of their ids. */
export function groupDrafts(drafts: readonly ManifestDraft[], preparer: DraftPreparer): readonly ImportGroup[] {
  const byUpstream = Map.groupBy(drafts, ({ capability, metadata }) =>
    JSON.stringify([upstreamName(capability.id), metadata ?? {}]),
  );
  const taken = new Set<string>();
  return [...byUpstream.values()].map((members) => {
    const prepared = members.map((draft) => preparer.prepare(draft));
    const wanted = upstreamName(members[0]?.capability.id ?? '');
    let name = wanted;
    for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`;
    taken.add(name);
    return {
      name,
      drafts: prepared.filter((draft) => 'text' in draft),
      refused: prepared.filter((draft) => 'problem' in draft),
    };
  });
}

/** `weather.swiss.today` → `swiss`; what has no word between goes by its provider. */
function upstreamName(id: string): string {
  const words = id.split('.');
  const word = (words.length > 2 ? words[1] : words[0]) ?? '';
  const safe = word.toLowerCase().replaceAll(/[^a-z0-9_-]+/g, '_');
  return safe === '' || safe === '_' ? 'imported' : safe;
}
