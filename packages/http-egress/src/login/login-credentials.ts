import type { EgressStream } from '../egress.ts';
import type { LoginDefinition } from './login-definition.ts';
import type { OriginCookies } from './origin-cookies.ts';

/** What one login or refresh brought. */
export interface LoginGrant {
  readonly token?: string;
  /** Milliseconds since the epoch, as `renewAt`. */
  readonly expiresAt?: number;
  readonly renewAt?: number;
}

const sendable = /^[\u0021-\u007e]+$/;

/** Whether a text may stand in a header as a token. */
export const isSendable = (text: unknown): text is string => typeof text === 'string' && sendable.test(text);

export const isSafeMethod = (method: string): boolean => /^(?:GET|HEAD|OPTIONS)$/i.test(method);

/** What proves a login to the upstream. A renewal makes new ones, and only the jar may live on in them. Its fields are private, so that no log prints them. */
export class LoginCredentials {
  readonly #definition: LoginDefinition;
  readonly #cookies: OriginCookies | undefined;
  readonly #grant: LoginGrant;
  readonly #csrfToken: string | undefined;

  constructor(
    definition: LoginDefinition,
    cookies: OriginCookies | undefined,
    grant: LoginGrant = {},
    csrfToken?: string,
  ) {
    this.#definition = definition;
    this.#cookies = cookies;
    this.#grant = grant;
    this.#csrfToken = csrfToken;
  }

  get token(): string | undefined {
    return this.#grant.token;
  }

  get expiresAt(): number | undefined {
    return this.#grant.expiresAt;
  }

  get renewAt(): number | undefined {
    return this.#grant.renewAt;
  }

  hasCookies(): boolean {
    return this.#cookies !== undefined && !this.#cookies.isEmpty();
  }

  /** Whether both are of one login or refresh; their CSRF tokens may differ. */
  hasGrantOf(other: LoginCredentials): boolean {
    return this.#grant === other.#grant;
  }

  withGrant(grant: LoginGrant): LoginCredentials {
    return new LoginCredentials(this.#definition, this.#cookies, grant, this.#csrfToken);
  }

  /** With a CSRF token read from a header; undefined where the cookie holds it. */
  withCsrfToken(csrfToken: string | undefined): LoginCredentials {
    return new LoginCredentials(this.#definition, this.#cookies, this.#grant, csrfToken);
  }

  /** The CSRF token for a request to `url`, with its percent-encoding undone. */
  csrfToken(url: URL): string | undefined {
    const name = this.#definition.csrf?.cookie;
    if (name === undefined) return this.#csrfToken;
    const value = this.#cookies?.value(url, name);
    if (value === undefined) return undefined;
    const decoded = percentDecoded(value);
    return isSendable(decoded) ? decoded : undefined;
  }

  /** Names in lower case. Of a request to the origin of the login, or to that of the token, which gets the token alone. */
  headers(url: URL, method: string): Record<string, string> {
    const { token: tokenRule, csrf, login } = this.#definition;
    const headers: Record<string, string> = {};
    const { token } = this.#grant;
    if (token !== undefined) {
      const name = tokenRule?.sendIn?.toLowerCase() ?? 'authorization';
      const scheme = tokenRule?.scheme ?? (name === 'authorization' ? 'Bearer' : '');
      headers[name] = scheme === '' ? token : `${scheme} ${token}`;
    }
    if (url.origin !== login.url.origin) return headers;
    const cookie = this.#cookies?.header(url);
    if (cookie !== undefined) headers['cookie'] = cookie;
    const csrfToken = csrf === undefined || isSafeMethod(method) ? undefined : this.csrfToken(url);
    if (csrf !== undefined && csrfToken !== undefined) headers[csrf.header.toLowerCase()] = csrfToken;
    return headers;
  }

  takeCookies({ url, headers }: Pick<EgressStream, 'url' | 'headers'>): void {
    this.#cookies?.take(url, headers['set-cookie']);
  }

  clear(): void {
    this.#cookies?.clear();
  }
}

const percentDecoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};
