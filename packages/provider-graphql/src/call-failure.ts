import { EgressError } from '@capstan/http-egress';
import { CapstanError, type ErrorVerdict } from '@capstan/provider';
import { UpstreamError } from './upstream-error.ts';

export interface FailedCall {
  /** What was tried, for people: `Calling query Product`. */
  readonly attempt: string;
  /** The endpoint, for people. */
  readonly where: string;
  readonly signal: AbortSignal;
  /** The request was handed to the transport. */
  readonly sent: boolean;
}

/** Turns whatever was thrown into the error that leaves the plugin. */
export function toCallFailure(error: unknown, call: FailedCall): CapstanError {
  const { attempt, where, signal, sent } = call;
  if (signal.aborted && (error === signal.reason || !CapstanError.isInstance(error))) return aborted(call);
  if (error instanceof EgressError) return egressFailure(error, call);
  if (CapstanError.isInstance(error)) return error;
  const reason = error instanceof Error ? error.name : 'something that is no error';
  return new UpstreamError(
    'UPSTREAM_ERROR',
    `${attempt} failed: the answer of ${where} could not be dealt with (${reason}).`,
    { kind: 'fatal', sent },
    { cause: error },
  );
}

/** The call ended because its signal said so: the caller's wish, or its deadline. */
export function aborted({ attempt, signal, sent }: Omit<FailedCall, 'where'>): CapstanError {
  const reason: unknown = signal.reason;
  const verdict = { kind: 'caller', sent } as const;
  if (CapstanError.isInstance(reason))
    return new UpstreamError(reason.code, reason.message, verdict, { cause: reason, details: reason.details });
  return reason instanceof Error && reason.name === 'TimeoutError'
    ? new UpstreamError('TIMEOUT', `${attempt} took longer than the call may take.`, verdict, { cause: reason })
    : new UpstreamError('CANCELLED', `${attempt} was cancelled.`, verdict, { cause: reason });
}

function egressFailure(error: EgressError, { attempt, where }: FailedCall): UpstreamError {
  const { code, reason, message, retryAfterMs, details } = error;
  const isTooLarge = reason === 'too_large';
  return new UpstreamError(
    code,
    isTooLarge
      ? `${attempt} failed: the answer of ${where} is larger than it may be. Raise call_max_output_bytes if that is right.`
      : `${attempt} failed: ${message}`,
    egressVerdict(error),
    { cause: error, details: { ...details, server: where }, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
  );
}

function egressVerdict({ reason, sent, retryable, retryAfterMs }: EgressError): ErrorVerdict {
  // Not retryable: of an egress that was closed, for example.
  if (reason === 'network' && retryable)
    return { kind: 'transient', sent, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return { kind: reason === 'invalid' ? 'caller' : 'fatal', sent };
}

/** The verdict of an error that left the plugin, or the most careful one on any other. */
export function classifyError(error: unknown): ErrorVerdict {
  if (error instanceof UpstreamError) return error.verdict;
  if (error instanceof EgressError) return egressVerdict(error);
  if (CapstanError.isInstance(error)) return { kind: 'caller', sent: error.code === 'CANCELLED' };
  return { kind: 'fatal', sent: true };
}
