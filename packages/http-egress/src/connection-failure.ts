import { AddressRefusal } from './address-guard.ts';
import { EgressError, shownUrl, systemCodeOf } from './egress-error.ts';
import { addressRefused } from './request-url.ts';

/** What undici says of a connection, as ours. `sent`: whether the request had left for the upstream. */
export const connectionFailure = (error: unknown, url: URL, sent: boolean): EgressError => {
  if (error instanceof EgressError)
    return new EgressError(error.reason, error.message, {
      sent,
      code: error.code,
      retryable: error.retryable,
      cause: error.cause,
    });
  if (error instanceof AddressRefusal) return addressRefused(url, error.message, error);
  // Bytes that could not be parsed: they may repeat what was sent.
  if (error instanceof Error && 'data' in error) delete error.data;
  const code = systemCodeOf(error);
  if (code === 'UND_ERR_MAX_ORIGINS_REACHED')
    return new EgressError(
      'network',
      `Connections to too many upstreams are open, so ${url.host} has to wait. Try again in a moment.`,
      { sent, code: 'OVERLOADED', retryAfterMs: 1_000, cause: error },
    );
  const what = sent ? 'The connection broke' : 'No connection came about';
  return new EgressError(
    'network',
    `${what}: ${shownUrl(url)}${code === undefined ? '' : ` (${code})`}. Check that the upstream runs and that its address is right.`,
    { sent, cause: error },
  );
};
