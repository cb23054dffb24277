import type { JsonObject, JsonSchema, JsonValue } from '@capstan/provider';
import { type FieldKind, kindOf } from './field-kinds.ts';

/** One property of a form that an upstream wants filled in. */
export interface FormField {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly description: string | undefined;
  readonly isRequired: boolean;
  readonly defaultValue: JsonValue | undefined;
  readonly kind: FieldKind;
}

/** The properties of a flat object schema, in its order; none where it has none. */
export function formFields({ properties, required }: JsonSchema): readonly FormField[] {
  if (!isObject(properties)) return [];
  const needed = new Set(Array.isArray(required) ? required : []);
  return Object.entries(properties).map(([name, value]) => {
    const schema = isObject(value) ? value : {};
    const { title, description, default: defaultValue } = schema;
    return {
      name,
      title: typeof title === 'string' && title !== '' ? title : name,
      description: typeof description === 'string' ? description : undefined,
      isRequired: needed.has(name),
      defaultValue,
      kind: kindOf(schema),
    };
  });
}

/** What a written answer becomes, with defaults filled in, and what is wrong with it. */
export function checkContent(
  fields: readonly FormField[],
  content: JsonObject,
): { readonly content: JsonObject; readonly problems: readonly string[] } {
  const problems = Object.keys(content)
    .filter((key) => !fields.some(({ name }) => name === key))
    .map((key) => `"${key}" was not asked for`);
  const entries: [string, JsonValue][] = [];
  for (const { name, isRequired, defaultValue, kind } of fields) {
    const value = Object.hasOwn(content, name) ? content[name] : defaultValue;
    const problem = value === undefined ? (isRequired ? 'is missing' : undefined) : kind.problemOf(value);
    if (problem !== undefined) problems.push(`"${name}" ${problem}`);
    if (value !== undefined) entries.push([name, value]);
  }
  return { content: Object.fromEntries(entries), problems };
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
