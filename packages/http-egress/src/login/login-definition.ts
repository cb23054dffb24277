import type { JsonObject } from '@capstan/provider';
import type { StatusPattern } from '../status-pattern.ts';
import type { ExpiryUnit } from './announced-expiry.ts';

/**
 * How to log in to an upstream, as a manifest declares it. Holds no secret. All URLs have one origin; cookies never leave it, and the token goes to it
 * and to `tokenOrigin` only.
 */
export interface LoginDefinition {
  readonly login: LoginRequest;
  /** Default: no token is taken, the cookies are the session. */
  readonly token?: LoginToken;
  /** An origin other than the login's that the token is for: `https://api.example.com`. Not for cookie sessions. */
  readonly tokenOrigin?: string;
  /** Whether cookies are kept and sent. Default: where there is no `token`. */
  readonly cookies?: boolean;
  /** Where the answer of login and refresh says when the session ends. Default unit `auto`. */
  readonly expires?: { readonly path: string; readonly unit?: ExpiryUnit };
  readonly csrf?: LoginCsrf;
  /** Renews the session. Default: a new login. */
  readonly refresh?: FollowUpRequest;
  /** Default: the upstream is not told. */
  readonly logout?: FollowUpRequest;
  readonly expired?: ExpirySigns;
  /** Sent with login, CSRF, refresh and logout calls. Not for secrets. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Allows plain http beyond loopback. Default false. */
  readonly allowInsecure?: boolean;
}

export interface LoginRequest {
  readonly url: URL;
  /** Default POST. Not GET or HEAD: the fields would stand in the URL. */
  readonly method?: string;
  /** Default `json`. */
  readonly body?: 'json' | 'form';
  /** Default `2xx`. Redirects are not followed: a login that answers with one on success says so here. */
  readonly successStatus?: readonly StatusPattern[];
}

/** Exactly one of `path` and `header`. */
export interface LoginToken {
  /** Dotted path into the JSON of the answer. */
  readonly path?: string;
  /** Header of the answer. */
  readonly header?: string;
  /** Header of each request. Default `Authorization`. */
  readonly sendIn?: string;
  /** Before the token; empty for none. Default `Bearer` in `Authorization`, else none. */
  readonly scheme?: string;
}

export interface LoginCsrf {
  /** Header that carries the token of each request that is not GET, HEAD or OPTIONS. Without `cookie` it is read from the same header of an answer. */
  readonly header: string;
  /** The cookie that holds the token, percent-encoded or not. Read anew for each request. */
  readonly cookie?: string;
  /** Asked with GET after the login. Default: the answer of the login gives the token. */
  readonly url?: URL;
  /** Whether the login call needs a token already; `url` is then asked before it too. Default false. */
  readonly beforeLogin?: boolean;
}

/** Carries the cookies, the token and the CSRF token of the session. */
export interface FollowUpRequest {
  readonly url: URL;
  /** Default POST. */
  readonly method?: string;
  /** The JSON body, made from the token in use. Default: no body. */
  readonly body?: (token: string | undefined) => JsonObject;
}

/** What an answer looks like when the upstream knows the session no more. An HTML page where JSON was due always counts. */
export interface ExpirySigns {
  /** Default `401`. */
  readonly status?: readonly StatusPattern[];
  /** Looked for in the URL that a redirect leads to. */
  readonly location?: RegExp;
}
