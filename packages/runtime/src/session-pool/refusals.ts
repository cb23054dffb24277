import { type Capability, CapstanError } from '@capstan/provider';

export interface Overload {
  /** Which bound: of one pool key, of one provider, or of the whole pool. */
  readonly scope: 'key' | 'provider' | 'total';
  readonly why: string;
  readonly retryAfterMs: number;
  readonly queueDepth: number;
}

export function overloaded({ id }: Capability, { scope, why, retryAfterMs, queueDepth }: Overload): CapstanError {
  return new CapstanError('OVERLOADED', `No session for ${id}: ${why}. Come back in ${retryAfterMs} ms.`, {
    retryAfterMs,
    details: { capability: id, scope, queueDepth },
  });
}

export function circuitOpen({ id }: Capability, retryAfterMs: number, cause: unknown): CapstanError {
  const wait = Math.ceil(retryAfterMs);
  const reason = cause instanceof Error ? ` Last: ${cause.message}` : '';
  return new CapstanError('CIRCUIT_OPEN', `The upstream of ${id} fails and is left alone for ${wait} ms.${reason}`, {
    retryAfterMs: wait,
    details: { capability: id },
    cause,
  });
}
