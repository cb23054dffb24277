import { CapstanError, type ErrorCode } from '@capstan/provider';
import { UsageError } from './usage-error.ts';

interface ExitCodeRow {
  readonly meaning: string;
  /** The codes of errors that end the command with it. */
  readonly errors: readonly ErrorCode[];
}

/** What the command ends with, and when. `--help` and the package's README print this table. */
export const exitCodes = {
  0: { meaning: 'done', errors: [] },
  1: { meaning: 'the capability reported failure, or something unexpected went wrong', errors: ['CLOSED'] },
  2: { meaning: 'the command was used wrongly, or its provider cannot do this', errors: ['NOT_SUPPORTED'] },
  3: {
    meaning: 'a manifest is invalid, or its provider is unknown or ambiguous',
    errors: ['MANIFEST_INVALID', 'PROVIDER_UNDETECTED', 'PROVIDER_AMBIGUOUS'],
  },
  4: { meaning: 'no such capability', errors: ['CAPABILITY_NOT_FOUND'] },
  5: { meaning: 'the input is invalid', errors: ['INPUT_INVALID'] },
  6: { meaning: 'credentials are missing, refused or not enough', errors: ['UNAUTHORIZED', 'FORBIDDEN'] },
  7: {
    meaning: 'the upstream failed, gave no session, or answered what was not declared',
    errors: ['UPSTREAM_ERROR', 'SESSION_UNAVAILABLE', 'SESSION_LOST', 'OUTPUT_INVALID', 'DEFINITION_CHANGED'],
  },
  8: {
    meaning: 'too slow or too busy: trying again later may help',
    errors: ['TIMEOUT', 'OVERLOADED', 'CIRCUIT_OPEN'],
  },
  9: { meaning: 'outcome unknown: it may have happened', errors: ['OUTCOME_UNKNOWN'] },
  10: { meaning: 'the upstream differs from the manifest, and nothing was written', errors: [] },
  129: { meaning: 'ended by SIGHUP (the terminal closed)', errors: [] },
  130: { meaning: 'cancelled (Ctrl-C)', errors: ['CANCELLED'] },
  143: { meaning: 'ended by SIGTERM', errors: [] },
} as const satisfies Readonly<Record<number, ExitCodeRow>>;

export type ExitCode = keyof typeof exitCodes;

/** What to end with after `error`. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return 2;
  return CapstanError.isInstance(error) ? exitCodeOfCode(error.code) : 1;
}

function exitCodeOfCode(code: ErrorCode): ExitCode {
  for (const [exitCode, { errors }] of Object.entries<ExitCodeRow>(exitCodes)) {
    if (errors.includes(code)) return Number(exitCode) as ExitCode;
  }
  return 1;
}
