import type { DpopSession, OAuthTokens } from '@modelcontextprotocol/client';

/** An access token and what is known about it. */
export interface IssuedToken {
  readonly accessToken: string;
  readonly refreshToken?: string;
  /** Milliseconds since the epoch. Absent: the server did not say. */
  readonly expiresAt?: number;
  /** From when on a new one is fetched ahead of need. */
  readonly renewAt?: number;
  /** As granted, or as asked for where the answer is silent (RFC 6749 §5.1). */
  readonly scopes: readonly string[];
  /** `dpop`: of use only together with proofs of a key (RFC 9449). */
  readonly type: 'bearer' | 'dpop';
}

const longestAheadMs = 60_000;

export function toIssuedToken(tokens: OAuthTokens, asked: readonly string[], now = Date.now()): IssuedToken {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: expiresIn, scope } = tokens;
  const lifetimeMs = expiresIn === undefined ? undefined : expiresIn * 1_000;
  return {
    accessToken,
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(lifetimeMs === undefined
      ? {}
      : { expiresAt: now + lifetimeMs, renewAt: now + lifetimeMs - Math.min(longestAheadMs, lifetimeMs / 10) }),
    scopes: scope === undefined ? asked : toScopes(scope),
    type: tokens.token_type.toLowerCase() === 'dpop' ? 'dpop' : 'bearer',
  };
}

export function toScopes(text: string | undefined): readonly string[] {
  return (text ?? '').split(/\s+/).filter((scope) => scope !== '');
}

/** What a request is sent with. */
export interface UsableToken {
  readonly token: IssuedToken;
  /** Signs the proofs that a `dpop` token needs. */
  readonly dpop?: DpopSession | undefined;
}
