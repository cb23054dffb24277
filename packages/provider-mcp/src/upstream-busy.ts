/** The server answered 429 or 503. Thrown below the SDK, which would take it for an answer about the protocol and drop `Retry-After`. */
export class UpstreamBusy extends Error {
  override readonly name = 'UpstreamBusy';
  readonly status: 429 | 503;
  readonly retryAfterMs?: number;

  constructor(status: 429 | 503, retryAfter: string | null) {
    super(`HTTP ${status}`);
    this.status = status;
    const retryAfterMs = parseRetryAfter(retryAfter);
    if (retryAfterMs !== undefined) this.retryAfterMs = retryAfterMs;
  }
}

/** RFC 9110 §10.2.3: seconds or a date. Milliseconds from now, at most a day. */
function parseRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  const wait = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(wait) ? undefined : Math.min(Math.max(wait, 0), 86_400_000);
}
