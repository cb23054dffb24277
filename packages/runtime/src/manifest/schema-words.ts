import type { JsonSchema, JsonValue } from '@capstan/provider';
import { nearMatches } from '../near-matches.ts';

const typeWords: Record<string, string> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  null: 'nothing',
};

/** What a schema wants, in a few words. */
export function expected(schema: JsonSchema): string {
  const { type, enum: values, minimum, maximum, pattern, examples } = schema;
  if (Array.isArray(values)) return either(values.map(literal));
  if ('const' in schema) return literal(schema['const']);
  const types = (Array.isArray(type) ? type : [type]).filter((name) => typeof name === 'string');
  const words = types.length === 0 ? 'another value' : either(types.map((name) => typeWords[name] ?? name));
  if (typeof minimum === 'number' && typeof maximum === 'number') return `${words} from ${minimum} to ${maximum}`;
  if (typeof minimum === 'number') return `${words}, at least ${minimum}`;
  if (typeof maximum === 'number') return `${words}, at most ${maximum}`;
  const example: unknown = Array.isArray(examples) ? examples[0] : undefined;
  if (typeof example === 'string') return `${words} like "${example}"`;
  return typeof pattern === 'string' ? `text of the form ${pattern}` : words;
}

/** The description, in brackets. */
export function note(schema: JsonSchema): string {
  const { description } = schema;
  return typeof description === 'string' ? ` (${description.replace(/\.$/, '')})` : '';
}

/** "Did you mean …?", or the keys there are. */
export function didYouMean(word: string, known: readonly string[]): string {
  const matches = nearMatches(word, known);
  if (matches.length > 0) return `Did you mean ${either(matches.map((match) => `"${match}"`))}?`;
  return known.length > 0 ? `Known: ${known.toSorted().join(', ')}.` : 'Delete it.';
}

/** `a, b or c`, each once. */
function either(words: readonly string[]): string {
  const distinct = [...new Set(words)];
  return distinct.length < 2 ? (distinct[0] ?? '') : `${distinct.slice(0, -1).join(', ')} or ${distinct.at(-1)}`;
}

/** The same, in quotes, joined by "and". */
export function both(words: readonly string[]): string {
  const quoted = [...new Set(words)].map((word) => `"${word}"`);
  return quoted.length < 2 ? (quoted[0] ?? '') : `${quoted.slice(0, -1).join(', ')} and ${quoted.at(-1)}`;
}

export function literal(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
