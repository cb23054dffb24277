import type { JsonObject, JsonValue } from '@capstan/provider';
import type { ChangedCapability } from '@capstan/runtime';

const mostRemovals = 40;

/** One thing that is different: where, what it was, what it is. A side that is missing was or is not there. */
export interface DefinitionChange {
  /** `description`, or a place in a schema: `input/properties/city/type`. */
  readonly path: string;
  readonly before?: JsonValue;
  readonly after?: JsonValue;
}

/** What became different between a manifest and its upstream, field by field; in schemas down to the keys that differ. */
export function definitionChanges({ capability, draft, fields }: ChangedCapability): readonly DefinitionChange[] {
  return fields.flatMap((field) =>
    field === 'definition'
      ? [{ path: 'what the manifest does not repeat, such as annotations' }]
      : differences(field, capability[field], draft.capability[field]),
  );
}

/** Lines of `-` and `+`. All that is new is there, as models will read it and a person has to accept it. */
export function changeText(changes: readonly DefinitionChange[]): readonly string[] {
  const removals = changes.filter(({ after }) => after === undefined);
  const unseen = new Set(removals.slice(mostRemovals));
  const shown = changes
    .filter((change) => !unseen.has(change))
    .flatMap(({ path, before, after }) => [
      path,
      ...(before === undefined ? [] : side('-', before)),
      ...(after === undefined ? [] : side('+', after)),
    ]);
  return unseen.size > 0 ? [...shown, `… and ${unseen.size} more that are gone`] : shown;
}

function side(sign: string, value: JsonValue): readonly string[] {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.split('\n').map((line) => `  ${sign} ${line}`);
}

function differences(
  path: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): readonly DefinitionChange[] {
  const keys = [...new Set([...keysOf(before), ...keysOf(after)])];
  if (keys.length > 0 && [before, after].every((side) => side === undefined || isNested(side)))
    return keys.flatMap((key) => differences(`${path}/${key}`, partOf(before, key), partOf(after, key)));
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{ path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }];
}

function isNested(value: JsonValue | undefined): value is JsonObject | readonly JsonValue[] {
  return typeof value === 'object' && value !== null;
}

function keysOf(value: JsonValue | undefined): readonly string[] {
  return isNested(value) ? Object.keys(value) : [];
}

function partOf(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isNested(value) && Object.hasOwn(value, key) ? (value as JsonObject)[key] : undefined;
}
