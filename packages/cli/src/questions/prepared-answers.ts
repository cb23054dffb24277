import type { JsonObject } from '@capstan/provider';
import { realpathSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseJson } from '../parse-input.ts';
import { UsageError } from '../usage-error.ts';
import { isObject } from './form-field.ts';

/** What the command line brings along for questions. */
export interface PreparedAnswers {
  /** Used in their order, one for each question. */
  readonly answers: readonly JsonObject[];
  readonly roots: readonly { readonly uri: string; readonly name: string }[];
}

/** As commander hands them over. */
export interface AnswerOptions {
  readonly answer?: readonly string[];
  readonly root?: readonly string[];
}

/** Throws `UsageError` for an answer that is no JSON object and a root that is no folder. */
export function preparedAnswers({ answer = [], root = [] }: AnswerOptions): PreparedAnswers {
  return { answers: answer.map(answerOf), roots: root.map(rootOf) };
}

function answerOf(text: string, index: number): JsonObject {
  if (/^(?:accept|decline|cancel)$/.test(text)) return { action: text };
  const name = `The answer ${index + 1} (--answer)`;
  let value;
  try {
    value = parseJson(text, name);
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  if (!isObject(value)) throw new UsageError(`${name} must be a JSON object.`);
  return value;
}

function rootOf(folder: string): { readonly uri: string; readonly name: string } {
  try {
    const path = realpathSync(folder);
    if (statSync(path).isDirectory()) return { uri: pathToFileURL(path).href, name: basename(path) };
  } catch (cause) {
    throw new UsageError(
      `The root ${folder} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  }
  throw new UsageError(`The root ${folder} is no folder.`);
}
