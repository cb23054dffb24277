const maxMs = 60_000;
const httpDate = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? .*\d/;

/**
 * Milliseconds that a `Retry-After` header asks for, at most 60,000: its value is in seconds or a date (RFC 9110, section 10.2.3).
 * Undefined where there is none or it cannot be read. `now`: milliseconds since the epoch.
 */
export const retryAfterMs = (value: string | undefined, now: number = Date.now()): number | undefined => {
  if (value === undefined) return undefined;
  const text = value.trim();
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1_000, maxMs);
  // The oldest of the three forms names no zone.
  const date = httpDate.test(text) ? Date.parse(text.endsWith('GMT') ? text : `${text} GMT`) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.min(Math.max(date - now, 0), maxMs);
};
