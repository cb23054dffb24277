import { inspect } from 'node:util';
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

/** A server that repeats a credential in its answer must not carry it into our errors. */
export function strikeOut(text: string, secretValues: Iterable<string>): string {
  let result = text;
  // The longest first: one that begins like another must not leave the rest of that.
  const longestFirst = [...secretValues].filter(isStrikable).sort((one, other) => other.length - one.length);
  for (const value of longestFirst) result = result.replaceAll(value, '[secret]');
  return result;
}

/** The cause as it is, or, where it holds a secret anywhere, a copy of its name and message without. */
export function safeCause(cause: unknown, secretValues: Iterable<string>): unknown {
  const strikable = [...secretValues].filter(isStrikable);
  if (strikable.length === 0) return cause;
  const shown = inspect(cause, { depth: 10, maxStringLength: null, maxArrayLength: null, showHidden: true });
  const struck = strikable.filter((value) => containsAnywhere(shown, value));
  if (struck.length === 0) return cause;
  const { name, message } = cause instanceof Error ? cause : { name: 'Error', message: String(cause) };
  return new Error(`${name}: ${strikeOut(message, struck)}`);
}

// Inspecting quotes strings, so a value with quotes or line breaks shows in its escaped form.
function containsAnywhere(shown: string, value: string): boolean {
  return shown.includes(value) || shown.includes(JSON.stringify(value).slice(1, -1));
}

// Striking out one or two letters would garble every message and hide nothing.
function isStrikable(value: string): boolean {
  return value.length >= 4;
}
