import type { ErrorCode } from '@capstan/provider';

/** One thing wrong with a manifest: where, what, and how to mend it. Never holds a secret. */
export interface ManifestProblem {
  /** A file with an error contributes no capability; a warning changes nothing. */
  readonly severity: 'error' | 'warning';
  /** Relative to the working directory where it lies inside. For a manifest given as an object: where in it, `manifests[0].capabilities[2]`. */
  readonly file: string;
  /** Counts from 1. */
  readonly line: number;
  /** Counts from 1. */
  readonly column: number;
  /** The offending text, shortened; absent where it could be a secret. */
  readonly seen?: string;
  /** Without a full stop. */
  readonly message: string;
  readonly remedy: string;
  /** Where the problem is one of the codes of `errorCodes` other than `MANIFEST_INVALID`. */
  readonly code?: ErrorCode;
}

/** `file:line:column  message (seen "…"). remedy` */
export function formatProblem(problem: ManifestProblem): string {
  const seen = problem.seen === undefined ? '' : ` (seen ${JSON.stringify(problem.seen)})`;
  return `${problem.file}:${problem.line}:${problem.column}  ${problem.message}${seen}. ${problem.remedy}`;
}
