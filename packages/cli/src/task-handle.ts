import type { TaskHandle } from '@capstan/provider';
import { parseJson } from './parse-input.ts';
import { isObject } from './questions/form-field.ts';
import { UsageError } from './usage-error.ts';

/** A handle as one word: its id, or JSON where there is more to it. */
export function handleText({ id, state }: TaskHandle): string {
  return state === undefined && !id.startsWith('{') ? id : JSON.stringify({ id, ...(state && { state }) });
}

/** What `handleText` wrote. Throws `UsageError`. */
export function parseHandle(text: string): TaskHandle {
  if (!text.startsWith('{')) return { id: text };
  let value;
  try {
    value = parseJson(text, 'The handle');
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  const { id, state } = isObject(value) ? value : {};
  if (typeof id !== 'string' || (state !== undefined && !isObject(state))) {
    throw new UsageError('The handle must be the one that `capstan call --no-wait` printed.');
  }
  return { id, ...(state !== undefined && { state }) };
}

/** Quoted for a POSIX shell where that is needed. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
