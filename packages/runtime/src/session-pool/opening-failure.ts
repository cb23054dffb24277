import type { ErrorVerdict } from '@capstan/provider';

/** No session could be opened: what its plugin reported, and what that means. Never leaves the pool. */
export class OpeningFailure extends Error {
  readonly verdict: ErrorVerdict;

  constructor(cause: unknown, verdict: ErrorVerdict) {
    super('no session could be opened', { cause });
    this.verdict = verdict;
  }
}
