/** The server answered 429 or 503: that says nothing about the request, only about the moment. */
export class UpstreamBusy extends Error {
  override readonly name = 'UpstreamBusy';
  readonly status: 429 | 503;
  readonly retryAfterMs?: number;

  constructor(status: 429 | 503, retryAfterMs: number | undefined) {
    super(`HTTP ${status}`);
    this.status = status;
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}
