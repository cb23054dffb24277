import type { JsonSchema, JsonValue } from '@capstan/provider';

const deepestReference = 16;

/** The schema of one property, or undefined where the schema names none. */
export function propertySchema(schema: JsonSchema, name: string): JsonSchema | undefined {
  const { properties } = schema;
  return isSchema(properties) && Object.hasOwn(properties, name) ? asSchema(properties[name]) : undefined;
}

/** The JSON types that `schema` names, also through `enum`, `const`, `anyOf`, `oneOf`, `allOf` and references within `root`. */
export function typesOf(schema: JsonSchema | undefined, root: JsonSchema, depth = 0): ReadonlySet<string> {
  if (schema === undefined || depth > deepestReference) return new Set();
  const { type, enum: values, const: value, anyOf = [], oneOf = [], allOf = [], $ref } = schema;
  if (type !== undefined) return new Set([type].flat().map(String));
  if (Array.isArray(values)) return new Set(values.map(typeOf));
  if (value !== undefined) return new Set([typeOf(value)]);
  const parts = [anyOf, oneOf, allOf].flat().map(asSchema);
  if (typeof $ref === 'string') parts.push(resolveReference($ref, root));
  return new Set(parts.flatMap((part) => [...typesOf(part, root, depth + 1)]));
}

/** `city=<string> [days=<integer>]`: how the input is written on the command line. Empty where the schema names no properties. */
export function inputUsage(schema: JsonSchema): string {
  const { properties, required } = schema;
  if (!isSchema(properties)) return '';
  const needed = new Set(Array.isArray(required) ? required : []);
  const words = Object.keys(properties).map((name) => {
    const types = [...typesOf(propertySchema(schema, name), schema)];
    const word = `${name}=<${types.length === 0 ? 'value' : types.join('|')}>`;
    return { needed: needed.has(name), word: needed.has(name) ? word : `[${word}]` };
  });
  return words
    .toSorted((a, b) => Number(b.needed) - Number(a.needed))
    .map(({ word }) => word)
    .join(' ');
}

/** Only pointers into the same schema: nothing is fetched. */
function resolveReference(reference: string, root: JsonSchema): JsonSchema | undefined {
  if (!reference.startsWith('#/')) return undefined;
  let found: JsonValue | undefined = root;
  for (const part of reference.slice(2).split('/')) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    found = isSchema(found) && Object.hasOwn(found, key) ? found[key] : undefined;
  }
  return asSchema(found);
}

function typeOf(value: JsonValue): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}

function asSchema(value: JsonValue | undefined): JsonSchema | undefined {
  return isSchema(value) ? value : undefined;
}

function isSchema(value: JsonValue | undefined): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
