import { CapstanError, type JsonSchema, type JsonValue } from '@capstan/provider';
import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parseInput, parseJson } from './parse-input.ts';
import { UsageError } from './usage-error.ts';

export interface ReadInputOptions {
  /** The capability that is called. */
  readonly id: string;
  /** `-` is stdin. */
  readonly file: string | undefined;
  readonly schema: JsonSchema | undefined;
  /** Ends the waiting for stdin. */
  readonly signal: AbortSignal;
}

/** The input of a call: from a file, else from the words of the command line. Throws `UsageError`, `INPUT_INVALID` or `CANCELLED`. */
export async function readInput(words: readonly string[], options: ReadInputOptions): Promise<JsonValue> {
  try {
    return await readAny(words, options);
  } catch (error) {
    if (!CapstanError.isInstance(error) || error.code !== 'INPUT_INVALID') throw error;
    const details = { capability: options.id, ...error.details };
    throw new CapstanError(error.code, error.message, { details, cause: error.cause });
  }
}

async function readAny(words: readonly string[], { file, schema, signal }: ReadInputOptions): Promise<JsonValue> {
  if (file === undefined) return parseInput(words, schema);
  if (words.length > 0) throw new UsageError('The input comes from --input or from the command line, not from both.');
  if (file === '-') return parseJson(withoutByteOrderMark(await readStdin(signal)), 'The input from stdin');
  let content: string;
  try {
    content = await readFile(file, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`The input file ${file} cannot be read: ${reason}`, { cause });
  }
  return parseJson(withoutByteOrderMark(content), `The input in ${file}`);
}

async function readStdin(signal: AbortSignal): Promise<string> {
  try {
    return await text(addAbortSignal(signal, process.stdin));
  } catch (cause) {
    if (signal.aborted)
      throw new CapstanError('CANCELLED', 'The command was cancelled while it waited for its input.', { cause });
    throw cause;
  }
}

function withoutByteOrderMark(content: string): string {
  return content.startsWith('\uFEFF') ? content.slice(1) : content;
}
