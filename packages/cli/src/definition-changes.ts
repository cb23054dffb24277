import type { JsonValue } from '@capstan/provider';
import type { ChangedCapability } from '@capstan/runtime';

const mostSchemaChanges = 40;
const longestValue = 200;

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

/** Lines of `-` and `+`. */
export function changeText(changes: readonly DefinitionChange[]): readonly string[] {
  const shown = changes
    .slice(0, mostSchemaChanges)
    .flatMap(({ path, before, after }) => [
      path,
      ...(before === undefined ? [] : side('-', before)),
      ...(after === undefined ? [] : side('+', after)),
    ]);
  return changes.length > mostSchemaChanges ? [...shown, `… and ${changes.length - mostSchemaChanges} more`] : shown;
}

function side(sign: string, value: JsonValue): readonly string[] {
  // A text is what models read: all of it is shown.
  const text = typeof value === 'string' ? value : cut(JSON.stringify(value));
  return text.split('\n').map((line) => `  ${sign} ${line}`);
}

function cut(text: string): string {
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

function differences(
  path: string,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
): readonly DefinitionChange[] {
  if (isMap(before) && isMap(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => differences(`${path}/${key}`, before[key], after[key]));
  }
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  return [{ path, ...(before !== undefined && { before }), ...(after !== undefined && { after }) }];
}

function isMap(value: JsonValue | undefined): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
