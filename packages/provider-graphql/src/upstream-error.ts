import { CapstanError, type CapstanErrorOptions, type ErrorCode, type ErrorVerdict } from '@capstan/provider';

/** What leaves the plugin when there is no answer: an error for the caller and the pool's verdict in one. */
export class UpstreamError extends CapstanError {
  readonly verdict: ErrorVerdict;

  constructor(code: ErrorCode, message: string, verdict: ErrorVerdict, options: CapstanErrorOptions = {}) {
    super(code, message, {
      ...(code === 'UPSTREAM_ERROR' ? { retryable: verdict.kind === 'transient' } : {}),
      ...(verdict.retryAfterMs === undefined ? {} : { retryAfterMs: verdict.retryAfterMs }),
      ...options,
    });
    this.verdict = verdict;
  }
}
