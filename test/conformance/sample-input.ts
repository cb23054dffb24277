import type { JsonObject, JsonSchema, JsonValue } from '@capstan/provider';

/** The smallest input that fits a tool's schema, so that nothing but the tool's own definition keeps it from being called. */
export function sampleInput(schema: JsonSchema | undefined): JsonObject {
  const properties = asObject(schema?.['properties']);
  const required = schema?.['required'];
  const names = Array.isArray(required) ? required.map(String) : [];
  return Object.fromEntries(names.map((name) => [name, sampleValue(asObject(properties[name])['type'])]));
}

function sampleValue(type: JsonValue | undefined): JsonValue {
  switch (type) {
    case 'integer':
    case 'number':
      return 5;
    case 'boolean':
      return true;
    case 'null':
      return null;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return 'sample';
  }
}

function asObject(value: JsonValue | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}
