import type { JsonObject, JsonSchema, JsonValue } from '@capstan/provider';

/** Where in a plugin's schema a key is described. */
export interface DescribedKey {
  /** JSON Pointer, to be put behind `#`. */
  readonly pointer: string;
  readonly schema: JsonSchema;
}

const branches = ['allOf', 'anyOf', 'oneOf'];
const conditions = ['if', 'then', 'else'];

/** The keys that a schema describes, first at its top, then in its branches and conditions. */
export function pluginMetadataKeys(schema: JsonSchema): readonly [key: string, described: DescribedKey][] {
  const found = new Map<string, DescribedKey>();
  collect(schema, '', found);
  return [...found];
}

/** Whether a schema lets keys pass that it does not describe; the default of JSON Schema does not count, a typing error is likelier. */
export function allowsOtherKeys(schema: JsonSchema): boolean {
  const { additionalProperties } = schema;
  return additionalProperties === true || isObject(additionalProperties);
}

function collect(schema: JsonValue | undefined, pointer: string, found: Map<string, DescribedKey>): void {
  if (!isObject(schema)) return;
  const { properties } = schema;
  if (isObject(properties)) {
    for (const [key, property] of Object.entries(properties)) {
      if (found.has(key)) continue;
      const escaped = key.replaceAll('~', '~0').replaceAll('/', '~1');
      found.set(key, { pointer: `${pointer}/properties/${escaped}`, schema: isObject(property) ? property : {} });
    }
  }
  for (const keyword of branches) {
    const list = schema[keyword];
    if (Array.isArray(list))
      list.forEach((item: JsonValue, index) => collect(item, `${pointer}/${keyword}/${index}`, found));
  }
  for (const keyword of conditions) collect(schema[keyword], `${pointer}/${keyword}`, found);
  const { dependentSchemas } = schema;
  if (isObject(dependentSchemas)) {
    for (const [key, item] of Object.entries(dependentSchemas))
      collect(item, `${pointer}/dependentSchemas/${key}`, found);
  }
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
