import { CapstanError } from '@capstan/provider';
import { stackOf } from './describe-error.ts';
import type { Answers, Notes } from './output.ts';
import { UsageError } from './usage-error.ts';

/** Exactly one JSON document on stdout, failures too: `{ "error": { "code", "message", "retryable", "details" } }`. */
export function jsonAnswers(notes: Notes): Answers {
  const write = (document: unknown): void => {
    notes.clearProgress();
    process.stdout.write(`${withoutControls(JSON.stringify(document, null, 2))}\n`);
  };
  return {
    answer: ({ document }) => write(document),
    failure: (error) => {
      if (notes.verbose) notes.note(stackOf(error));
      write({ error: errorDocument(error) });
    },
  };
}

/** JSON leaves these control characters as they are, and a terminal may obey them. */
function withoutControls(json: string): string {
  return json.replaceAll(/[\u007f-\u009f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
}

function errorDocument(error: unknown): unknown {
  if (CapstanError.isInstance(error)) {
    const { code, message, retryable, retryAfterMs, details } = error;
    return { code, message, retryable, retryAfterMs, details };
  }
  const code = error instanceof UsageError ? error.code : 'UNEXPECTED';
  return { code, message: error instanceof Error ? error.message : String(error), retryable: false, details: {} };
}
