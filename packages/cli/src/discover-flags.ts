import type { JsonObject, JsonSchema, JsonValue } from '@capstan/provider';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { UsageError } from './usage-error.ts';

/** The words of an import, told apart. */
export interface DiscoverWords {
  readonly location: readonly string[];
  /** By the names of the plugin's `discoverOptions`, defaults filled in. */
  readonly options: JsonObject;
}

/** One option for each property of a plugin's `discoverOptions`: `maxDepth` → `--max-depth <number>`. */
export function discoverFlags(schema: JsonSchema | undefined): readonly Option[] {
  const properties = (schema?.['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
  return Object.entries(properties).map(([name, property]) => optionOf(name, property));
}

/**
 * Tells options from the words that say what to import. Options that nobody knows are words, as are all in `literal`: a command brings
 * options of its own. Throws `UsageError`.
 */
export function parseDiscoverWords(
  words: readonly string[],
  literal: readonly string[],
  schema: JsonSchema | undefined,
): DiscoverWords {
  const command = new Command().exitOverride().helpOption(false).allowUnknownOption().allowExcessArguments();
  command.configureOutput({ outputError: () => {} });
  for (const option of discoverFlags(schema)) command.addOption(option);
  try {
    command.parse([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    throw new UsageError(error.message.replace(/^error: /, ''), { cause: error, helpTells: true });
  }
  const location = [...command.args, ...literal];
  const [first] = location;
  if (first?.startsWith('-') === true && literal.length < location.length)
    throw new UsageError(`There is no option ${first}. Options of a command come after it, or after --.`, {
      helpTells: true,
    });
  return { location, options: command.opts<JsonObject>() };
}

function optionOf(name: string, schema: JsonSchema): Option {
  const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const { type, description, default: value, enum: values } = schema;
  const isList = type === 'array';
  const text = `${typeof description === 'string' ? description : ''}${isList ? '; repeatable' : ''}`;
  const option = new Option(type === 'boolean' ? flag : `${flag} <${placeholder(type, values)}>`, text);
  // Not commander's own default: it would be shown twice, and a switch that is off needs none.
  if (value !== undefined && value !== false) option.default(value);
  if (Array.isArray(values)) option.argParser((word) => chosen(word, values.map(String)));
  else if (isList) option.argParser(repeatable);
  else if (type === 'number' || type === 'integer') option.argParser((word) => numberOf(word, type));
  return option;
}

function placeholder(type: JsonValue | undefined, values: JsonValue | undefined): string {
  if (Array.isArray(values)) return values.join('|');
  return type === 'number' || type === 'integer' ? 'number' : 'text';
}

function chosen(word: string, values: readonly string[]): string {
  if (values.includes(word)) return word;
  throw new InvalidArgumentError(`It must be one of ${values.join(', ')}.`);
}

function numberOf(word: string, type: 'number' | 'integer'): number {
  const number = Number(word);
  if (word.trim() === '' || !Number.isFinite(number) || (type === 'integer' && !Number.isSafeInteger(number)))
    throw new InvalidArgumentError(type === 'integer' ? 'It must be a whole number.' : 'It must be a number.');
  return number;
}

const repeatable = (word: string, before: readonly string[] = []): readonly string[] => [...before, word];
