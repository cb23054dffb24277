import type { JsonValue } from './json.ts';

/** The arguments of an upstream that takes them by position: a list is the argument vector, anything else is the only argument. */
export function toArguments(input: JsonValue): readonly JsonValue[] {
  return isList(input) ? input : [input];
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
