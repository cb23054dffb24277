import type { ErrorCode } from '@capstan/provider';
import { looksLikeSecret, withoutSecrets } from './looks-like-secret.ts';
import type { ManifestProblem } from './manifest-problem.ts';

const longestSeen = 60;
const mostProblems = 1000;

/** Keys and numbers that lead from a document's top to a value in it. */
export type ValuePath = readonly (string | number)[];

/** Where something stands, and the text that stands there. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text?: string;
}

/** Finds places in one document; for what is not there, the place of the nearest thing around it. */
export interface Places {
  key(path: ValuePath): Place;
  value(path: ValuePath): Place;
}

export interface Complaint {
  readonly message: string;
  readonly remedy: string;
  /** Default `error`. */
  readonly severity?: 'error' | 'warning';
  readonly code?: ErrorCode;
  /** Default: the text at the place. False: nothing may be shown. */
  readonly seen?: string | false;
}

/** A place that takes a search is given as a function, called only if the problem is kept. */
export type Report = (place: Place | (() => Place), complaint: Complaint) => void;

/** The problems of one file, each once, at most 1 000: beyond that a file is not a manifest with mistakes. */
export class ProblemReport {
  readonly #problems = new Map<string, ManifestProblem>();

  readonly add: Report = (given, complaint) => {
    if (this.#problems.size >= mostProblems) return;
    const place = typeof given === 'function' ? given() : given;
    const { file, line, column } = place;
    const { remedy, severity = 'error', code } = complaint;
    // Messages name keys, and a key can be anything.
    const message = withoutSecrets(complaint.message);
    const text = complaint.seen === false ? undefined : (complaint.seen ?? place.text);
    const seen = text === undefined ? undefined : presentable(text);
    this.#problems.set(`${file}:${line}:${column} ${message}`, {
      severity,
      file,
      line,
      column,
      ...(seen === undefined ? {} : { seen }),
      message,
      remedy: withoutSecrets(remedy),
      ...(code === undefined ? {} : { code }),
    });
  };

  get problems(): readonly ManifestProblem[] {
    return [...this.#problems.values()].toSorted(
      (a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) || a.line - b.line || a.column - b.column,
    );
  }

  get hasErrors(): boolean {
    for (const problem of this.#problems.values()) if (problem.severity === 'error') return true;
    return false;
  }
}

/** The first line, shortened; undefined where any of it could be a secret. */
function presentable(text: string): string | undefined {
  if (looksLikeSecret(text)) return undefined;
  const line = text.trimStart().split('\n', 1)[0]?.trimEnd() ?? '';
  return line.length > longestSeen ? `${line.slice(0, longestSeen)}…` : line;
}
