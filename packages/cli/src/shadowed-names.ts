import type { Capability } from '@capstan/provider';
import { lookAlikeKey, pinKey, type PreparedDraft } from '@capstan/runtime';

/** What a capability calls at its upstream, and whose it is. */
interface CalledName {
  readonly id: string;
  readonly key: string;
  readonly name: string;
  readonly isNew: boolean;
}

/** Names of imported capabilities that a person or a model could take for those of others, a sentence each. */
export function shadowedNames(drafts: readonly PreparedDraft[], others: readonly Capability[]): readonly string[] {
  const own = drafts.flatMap(({ capability }) => namesOf(capability, true));
  const keys = new Set(own.map(({ key }) => key));
  const ids = new Set(drafts.map(({ capability }) => capability.id));
  const known = others
    .filter(({ id }) => !ids.has(id))
    .flatMap((capability) => namesOf(capability, false).filter(({ key }) => keys.has(key)));
  const groups = Map.groupBy([...own, ...known], ({ key, name }) => `${key} ${lookAlikeKey(name)}`);
  const shared = [...groups.values()]
    .filter((group) => group.length > 1 && group.some(({ isNew }) => isNew))
    .map((group) => group.toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  const isEqual = ([first, ...others]: readonly CalledName[]): boolean =>
    others.every(({ name }) => name === first?.name);
  const alike = shared.filter((group) => !isEqual(group));
  return [
    ...alike.map(
      (group) => `These names look alike: ${group.map(({ id, name }) => `${shown(name)} of ${id}`).join(', ')}`,
    ),
    ...equalNames(shared.filter(isEqual)),
  ];
}

/** That upstreams call things alike is common, and ids tell them apart: one line is enough. */
function equalNames([first, ...others]: readonly (readonly CalledName[])[]): readonly string[] {
  if (first === undefined) return [];
  const more = others.length === 0 ? '' : `, and ${others.length} more ${others.length === 1 ? 'name' : 'names'}`;
  return [
    `Others have the same names: ${shown(first[0]?.name ?? '')} of ${first.map(({ id }) => id).join(', ')}${more}`,
  ];
}

function namesOf({ id, metadata }: Pick<Capability, 'id' | 'metadata'>, isNew: boolean): readonly CalledName[] {
  const pin = pinKey(metadata);
  return Object.entries(metadata).flatMap(([key, name]) =>
    key === pin || typeof name !== 'string' ? [] : [{ id, key, name, isNew }],
  );
}

/** Letters beyond ASCII by their numbers: what looks alike is told apart. */
function shown(name: string): string {
  return JSON.stringify(name).replaceAll(
    /\P{ASCII}/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`,
  );
}
