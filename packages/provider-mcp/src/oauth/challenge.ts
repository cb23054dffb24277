import { extractWWWAuthenticateParams, isDpopNonceChallenge } from '@modelcontextprotocol/client';
import { toScopes } from './issued-token.ts';

/** What a server says in `WWW-Authenticate` when it refuses (RFC 6750 §3, RFC 9728 §5.1). */
export interface Challenge {
  readonly scopes: readonly string[];
  readonly resourceMetadataUrl?: URL;
  readonly insufficientScope: boolean;
  /** It wants proofs of possession (RFC 9449 §7.1). */
  readonly dpop: boolean;
  /** The proof was good, but for a nonce of the server's (RFC 9449 §9). */
  readonly wantsDpopNonce: boolean;
}

export function readChallenge(response: Response): Challenge {
  const { scope, resourceMetadataUrl, error } = extractWWWAuthenticateParams(response);
  return {
    scopes: toScopes(scope),
    ...(resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl }),
    insufficientScope: error === 'insufficient_scope',
    dpop: /^dpop\b/i.test(response.headers.get('www-authenticate') ?? ''),
    wantsDpopNonce: isDpopNonceChallenge(response),
  };
}
