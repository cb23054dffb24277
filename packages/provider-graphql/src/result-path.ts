import type { JsonValue } from '@capstan/provider';
import { type FieldNode, Kind, type SelectionSetNode } from 'graphql';
import { isRecord } from './is-record.ts';
import type { SelectedOperation } from './select-operation.ts';

/** Why a path cannot be found in what the operation selects; undefined where it can. Numbers pick from lists, which only a schema knows. */
export function resultPathProblem(
  path: readonly string[],
  { operation, fragments }: SelectedOperation,
): string | undefined {
  let sets: readonly SelectionSetNode[] = [operation.selectionSet];
  for (const segment of path) {
    if (isIndex(segment)) continue;
    const seen = new Set<string>();
    const fields = sets.flatMap((set) => fieldsOf(set, fragments, seen));
    const found = fields.filter((field) => responseName(field) === segment);
    if (found.length === 0) {
      const names = [...new Set(fields.map(responseName))].join(', ') || 'nothing';
      return `graphql_result_path has ${segment}, and what is selected there is ${names}`;
    }
    sets = found.flatMap(({ selectionSet }) => selectionSet ?? []);
  }
  return undefined;
}

/** What a path leads to. Null where anything on the way is; undefined where the data are of another shape. */
export function valueAt(data: JsonValue, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue = data;
  for (const segment of path) {
    if (value === null) return null;
    if (Array.isArray(value)) {
      if (!isIndex(segment)) return undefined;
      value = (value as readonly JsonValue[])[Number(segment)] ?? null;
    } else {
      if (!isRecord(value)) return undefined;
      // Absent: @skip, @include, or a member of a union that it was not.
      value = (Object.hasOwn(value, segment) ? (value[segment] as JsonValue) : null) ?? null;
    }
  }
  return value;
}

/** The fields of a set and of the fragments in it, but for those `seen` before: fragments that spread others twice would double with each. */
function fieldsOf(
  set: SelectionSetNode,
  fragments: SelectedOperation['fragments'],
  seen: Set<string>,
): readonly FieldNode[] {
  return set.selections.flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection];
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet, fragments, seen);
    const { value: name } = selection.name;
    const fragment = fragments.get(name);
    if (fragment === undefined || seen.has(name)) return [];
    seen.add(name);
    return fieldsOf(fragment.selectionSet, fragments, seen);
  });
}

const responseName = ({ alias, name }: FieldNode): string => alias?.value ?? name.value;
const isIndex = (segment: string): boolean => /^\d+$/.test(segment);
