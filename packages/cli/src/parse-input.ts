import { CapstanError, type JsonObject, type JsonSchema, type JsonValue } from '@capstan/provider';
import { findJsonError } from './find-json-error.ts';
import { propertySchema, typesOf } from './schema-types.ts';

/** `key=value` or `key:=json`; what starts like a JSON object, array or string is none. */
const pair = /^(?<key>[^\s{["'=][^=]*?)(?<operator>:=|=)(?<text>.*)$/s;

/**
 * The input of a call from the words of the command line: nothing (`{}`), one JSON text, or `key=value` pairs typed by the schema.
 * Only the syntax is judged here; whether the input fits, the runtime says. Throws `INPUT_INVALID`.
 */
export function parseInput(words: readonly string[], schema: JsonSchema = {}): JsonValue {
  const [only] = words;
  if (words.length === 1 && only !== undefined && !pair.test(only)) return parseJson(only, 'The input');
  const input: Record<string, JsonValue> = {};
  for (const word of words) {
    const { key, operator, text } = pair.exec(word)?.groups ?? {};
    if (key === undefined || text === undefined) {
      throw invalid(
        `"${word}" is neither key=value nor key:=json; JSON must be the only word (quote it for the shell).`,
        { word },
      );
    }
    if (Object.hasOwn(input, key)) throw invalid(`"${key}" is given twice.`, { key });
    const value = operator === ':=' ? parseJson(text, `The value of ${key}`) : typedValue(key, text, schema);
    // Not by assignment: a key may be `__proto__`.
    Object.defineProperty(input, key, { value, enumerable: true, configurable: true, writable: true });
  }
  return input;
}

/** Throws `INPUT_INVALID` that says where `what` stops being JSON. */
export function parseJson(text: string, what: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    const error = findJsonError(text);
    if (error === undefined) throw cause;
    const { line, column, expected, seen } = error;
    const saw = seen === '' ? 'nothing more' : JSON.stringify(seen);
    throw invalid(
      `${what} is not JSON: at line ${line}, column ${column} ${expected} was expected, and there is ${saw}.`,
      { line, column, expected, seen },
      cause,
    );
  }
}

function typedValue(key: string, text: string, schema: JsonSchema): JsonValue {
  const types = typesOf(propertySchema(schema, key), schema);
  if (types.has('string') || types.size === 0) return text;
  if ((types.has('number') || types.has('integer')) && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text))
    return Number(text);
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  if (types.has('null') && text === 'null') return null;
  if (types.has('object') || types.has('array')) return parseJson(text, `The value of ${key}`);
  // The runtime says what was expected instead.
  return text;
}

function invalid(message: string, details: JsonObject, cause?: unknown): CapstanError {
  return new CapstanError('INPUT_INVALID', message, { details, cause });
}
