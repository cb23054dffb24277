import { createHash } from 'node:crypto';
import type { JsonObject, JsonValue } from '@capstan/provider';

/** What a pin covers: all that decides what a model or a person thinks the tool does, and what it may be given. */
const pinned = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const;

/** Hex SHA-256 of the parts of a tool's definition that a pin covers, in canonical JSON: the order of keys does not matter. */
export function definitionDigest(tool: JsonObject): string {
  const covered = pinned.flatMap((part) => (tool[part] === undefined ? [] : [[part, tool[part]] as const]));
  return digestOf(Object.fromEntries(covered));
}

/** Hex SHA-256 of a value in canonical JSON. */
export function digestOf(value: JsonValue): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical(value)))
    .digest('hex');
}

function canonical(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => canonical(item));
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  // Not by assignment: a key may have the name of a setter, such as `__proto__`.
  return Object.fromEntries(entries.map(([key, item]) => [key, canonical(item)]));
}
