import type { RuntimeEvent } from '@capstan/runtime';
import type { OutputFlags } from './global-options.ts';
import { jsonAnswers } from './json-answers.ts';
import { notesOn } from './notes.ts';
import { peopleAnswers } from './people-answers.ts';
import type { Style } from './style.ts';

/** What a command was asked for: the same for machines and for people. */
interface Answer {
  readonly document: unknown;
  readonly text: (style: Style) => string;
}

/** Where answers and failures go: one JSON document on stdout, or text for people. */
export interface Answers {
  answer(answer: Answer): void;
  /** `hint`: lines that help with just this failure. */
  failure(error: unknown, hint?: string): void;
}

/** What a person may want to know beside the answer. On stderr, whatever form the answer has. */
export interface Notes {
  readonly verbose: boolean;
  note(text: string): void;
  event(event: RuntimeEvent): void;
  /** How many problems the manifests have, and the first few, each a line. */
  problems(lines: readonly string[]): void;
  /** Rewrites one line where stderr is a terminal, writes one after the other with `--verbose`, else nothing. */
  progress(text: string): void;
  /** To be called before anything else is written. */
  clearProgress(): void;
}

export interface Output extends Answers, Notes {}

export function createOutput(flags: OutputFlags): Output {
  const notes = notesOn(process.stderr, flags);
  const answers = flags.json ? jsonAnswers(notes) : peopleAnswers(notes, flags);
  return { ...notes, ...answers };
}
