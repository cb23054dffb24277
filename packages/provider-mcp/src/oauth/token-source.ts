import type { CallContext } from '../call-context.ts';
import type { Challenge } from './challenge.ts';
import type { IssuedToken, UsableToken } from './issued-token.ts';
import type { OAuthScene } from './oauth-failure.ts';

export interface RenewRequest {
  /** `expiring`: ahead of need. `rejected`: the server said 401. `scopes`: it wants more rights. */
  readonly reason: 'expiring' | 'rejected' | 'scopes';
  /** The one that will not do any more; undefined where the request was sent without. */
  readonly token: IssuedToken | undefined;
  readonly challenge?: Challenge | undefined;
  readonly scene: OAuthScene;
  /** On whose behalf variables are read. */
  readonly context: CallContext;
  readonly signal: AbortSignal;
}

/** Where the tokens of one credential come from. Only ever asked for one renewal at a time. */
export interface TokenSource {
  /** What is kept from before, if anything. */
  current(): Promise<UsableToken | undefined>;
  /** Whether `renew` can do something about a token that is about to expire without asking a person. */
  canRenewAhead(token: IssuedToken): boolean;
  /** Throws a `CapstanError` where there is none to be had. */
  renew(request: RenewRequest): Promise<UsableToken>;
}
