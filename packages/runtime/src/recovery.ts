import { type Capability, CapstanError, type Effect, type ErrorCode, type ErrorVerdict } from '@capstan/provider';
import type { WorkContext } from './upstream-work.ts';

const mostTransientRetries = 2;
const firstBackoffMs = 100;

/** How one try of a call ended. */
export type Attempt<T> = { readonly ok: true; readonly result: T } | FailedAttempt;

export interface FailedAttempt {
  readonly ok: false;
  readonly error: unknown;
  readonly verdict: ErrorVerdict;
  /** Credentials were renewed after `unauthorized`. */
  readonly refreshed?: boolean;
}

export interface RecoveryOptions<C extends WorkContext, T> {
  readonly effect: Effect;
  readonly run: (context: C) => Promise<Attempt<T>>;
  /** A pause that is longer is not begun: the caller learns at once when to come back. */
  readonly patienceMs: number;
  /** Told of each repeat before it begins. */
  readonly onRetry: (verdict: ErrorVerdict['kind']) => void;
}

export interface Recovered<T> {
  readonly result: T;
  readonly attempts: number;
}

/**
 * The one place where a call is repeated, for calls with and without a session. What may be repeated follows from the verdict, from
 * whether the call was sent, and from its effect:
 *
 * | verdict | not sent, `read`, `idempotent` or `keyed` | sent `once` |
 * |---|---|---|
 * | `session-lost` | once, on a new session | `OUTCOME_UNKNOWN` |
 * | `unauthorized` | once, after a refresh | `OUTCOME_UNKNOWN` |
 * | `transient` | twice, with backoff | `OUTCOME_UNKNOWN` |
 * | `caller`, `fatal` | never | never |
 *
 * Given up after a send, `keyed` calls reject with `OUTCOME_UNKNOWN` too.
 */
export async function executeWithRecovery<C extends WorkContext, T>(
  context: C,
  { effect, run, patienceMs, onRetry }: RecoveryOptions<C, T>,
): Promise<Recovered<T>> {
  const { capability, signal } = context;
  const tries = { 'session-lost': 0, unauthorized: 0, transient: 0, caller: 0, fatal: 0 };
  let sent = false;
  for (let attempt = 0; ; attempt++) {
    const outcome = await run(attempt === 0 ? context : { ...context, attempt });
    if (outcome.ok) return { result: outcome.result, attempts: attempt + 1 };
    const { error, verdict } = outcome;
    sent ||= verdict.sent;
    if (signal.aborted) throw abortError({ capability, effect, signal, sent });
    const tried = tries[verdict.kind]++;
    const isTooLong = (verdict.retryAfterMs ?? 0) > patienceMs;
    if (isTooLong || !mayRepeat(effect, outcome, tried)) throw finalError({ capability, effect, error, verdict, sent });
    onRetry(verdict.kind);
    if (verdict.kind === 'transient') {
      const waitMs = Math.max(verdict.retryAfterMs ?? 0, firstBackoffMs * 2 ** tried * (0.5 + Math.random()));
      await pause(waitMs, signal).catch(() => {
        throw abortError({ capability, effect, signal, sent });
      });
    }
  }
}

/** `promise`, or a rejection with the signal's reason where it aborts first: a plugin that ignores its signal keeps no caller waiting. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(
      (value) => {
        signal.removeEventListener('abort', onAbort);
        resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort);
        reject(error as Error);
      },
    );
  });
}

/** Resolves after `ms`; rejects with the signal's reason where it aborts first. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  try {
    await untilAborted(over.promise, signal);
  } finally {
    clearTimeout(timer);
  }
}

/** What is known of a call that is given up. */
interface GivenUp {
  readonly capability: Capability;
  readonly effect: Effect;
  /** In any of its tries. */
  readonly sent: boolean;
}

function mayRepeat(effect: Effect, { verdict, refreshed }: FailedAttempt, tried: number): boolean {
  if (verdict.sent && effect === 'once') return false;
  switch (verdict.kind) {
    case 'session-lost':
      return tried === 0;
    case 'unauthorized':
      return tried === 0 && refreshed === true;
    case 'transient':
      return tried < mostTransientRetries;
    case 'caller':
    case 'fatal':
      return false;
  }
}

function finalError({
  error,
  verdict,
  ...call
}: GivenUp & { readonly error: unknown; readonly verdict: ErrorVerdict }): unknown {
  const { capability, effect, sent } = call;
  // What came before may have happened, whatever the last try was refused for.
  const unknowable =
    !verdict.sent || verdict.kind === 'session-lost' || verdict.kind === 'unauthorized' || verdict.kind === 'transient';
  if (sent && unknowable && !isRepeatable(effect)) return outcomeUnknown(call, error);
  if (CapstanError.isInstance(error)) return error;
  const { message } = error instanceof Error ? error : new Error(String(error));
  const { retryAfterMs } = verdict;
  return new CapstanError(codeOf(verdict), `${capability.id} failed: ${message}`, {
    cause: error,
    retryable: verdict.kind === 'transient' || verdict.kind === 'session-lost',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

/** What a plugin's own error is to a caller. */
function codeOf({ kind, retryAfterMs }: ErrorVerdict): ErrorCode {
  if (kind === 'session-lost') return 'SESSION_LOST';
  if (kind === 'unauthorized') return 'UNAUTHORIZED';
  return retryAfterMs === undefined ? 'UPSTREAM_ERROR' : 'OVERLOADED';
}

/** What a call rejects with whose signal aborted: a call with an effect that was sent may have happened. */
function abortError({ signal, ...call }: GivenUp & { readonly signal: AbortSignal }): unknown {
  const reason: unknown = signal.reason;
  const cancelled = CapstanError.isInstance(reason) && reason.code === 'CANCELLED';
  return call.sent && !cancelled && !isRepeatable(call.effect) ? outcomeUnknown(call, reason) : reason;
}

function isRepeatable(effect: Effect): boolean {
  return effect === 'read' || effect === 'idempotent';
}

function outcomeUnknown({ capability: { id }, effect }: GivenUp, cause: unknown): CapstanError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CapstanError(
    'OUTCOME_UNKNOWN',
    `${id} was sent and its answer is lost: it may have happened. It is not repeated, because its effect is "${effect}". (${reason})`,
    { cause, details: { capability: id, effect } },
  );
}

/** What leaves the runtime is always a `CapstanError`. */
export function asCapstanError(capability: Capability, cause: unknown): CapstanError {
  if (CapstanError.isInstance(cause)) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CapstanError('UPSTREAM_ERROR', `${capability.id} failed: ${reason}`, { cause });
}
