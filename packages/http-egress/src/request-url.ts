import type { ErrorCode } from '@capstan/provider';
import { type AddressGuard, isLoopbackHost } from './address-guard.ts';
import type { EgressRequest } from './egress.ts';
import { EgressError, shownUrl } from './egress-error.ts';

/**
 * Whether a URL may be asked for at all: its scheme, its user info, and its host as far as that can be told without a lookup.
 * @returns its origin.
 * @throws {EgressError} `invalid` or `egress`.
 */
export const checkUrl = (
  url: URL,
  guard: AddressGuard,
  { trust, allowInsecure = false }: Pick<EgressRequest, 'trust' | 'allowInsecure'>,
): string => {
  const { protocol } = url;
  const code: ErrorCode = trust === 'declared' ? 'MANIFEST_INVALID' : 'INPUT_INVALID';
  if (protocol !== 'https:' && protocol !== 'http:')
    throw new EgressError('invalid', `A URL with the scheme ${protocol} is not asked for. Use https.`, {
      sent: false,
      code,
    });
  if (url.username !== '' || url.password !== '')
    throw new EgressError(
      'invalid',
      `The URL ${shownUrl(url)} has a user or a password in it. Take them out and name the credential by its own keys.`,
      { sent: false, code },
    );
  const origin = `${protocol}//${url.host}`;
  const refusal = guard.refusalOf(url, origin, trust);
  if (refusal !== undefined) throw addressRefused(url, refusal);
  if (protocol === 'http:' && !allowInsecure && !isLoopbackHost(url))
    throw new EgressError(
      'invalid',
      `The URL ${shownUrl(url)} is not encrypted. Use https, or allow plain http for it if the network is trusted.`,
      { sent: false, code },
    );
  return origin;
};

/** The guard's no as an error. `refusal`: half a sentence. */
export const addressRefused = (url: URL, refusal: string, cause?: unknown): EgressError =>
  new EgressError(
    'egress',
    `${shownUrl(url)} may not be reached: ${refusal}. If it is meant, an operator may add the host and port, or the address block, to egress.allow; that holds for URLs of manifests and configuration only.`,
    { sent: false, ...(cause === undefined ? {} : { cause }) },
  );
