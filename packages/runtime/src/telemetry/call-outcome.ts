import { type ErrorCode, errorCodes } from '@capstan/provider';

/** `error` where the capability itself reported failure. */
export type CallOutcome = 'ok' | 'error' | ErrorCode;

/** The outcome, or `other` where a plugin made up a code of its own, which could be anything. */
export function knownOutcome(outcome: CallOutcome): CallOutcome | 'other' {
  return outcome === 'ok' || outcome === 'error' || Object.hasOwn(errorCodes, outcome) ? outcome : 'other';
}
