import { CapstanError } from '@capstan/provider';
import type { Cancellation, Egress } from '../egress.ts';
import { SharedTask } from '../shared-task.ts';
import { checkLoginDefinition } from './check-login-definition.ts';
import { fetchCsrfToken, logIn, logOut, type LoginFields, refreshLogin } from './login-calls.ts';
import type { LoginCredentials } from './login-credentials.ts';
import type { LoginDefinition } from './login-definition.ts';
import { foreignOrigin, loggedOut } from './login-failure.ts';
import { type LoginExpiry, PresentedLogin } from './presented-login.ts';

const logoutLimitMs = 5_000;

export interface OpenLoginSessionOptions {
  readonly egress: Pick<Egress, 'request'>;
  readonly definition: LoginDefinition;
  /** Secrets; not kept. */
  readonly fields: LoginFields;
  readonly signal?: Cancellation;
}

export interface RenewLoginOptions {
  /** For a login anew; secrets, not kept. */
  readonly fields: LoginFields;
  /** What the upstream refused. Where it was renewed since, nothing is sent. Default: what is in use now. */
  readonly rejected?: PresentedLogin;
  readonly signal?: Cancellation;
}

/**
 * Logs in.
 * @throws {CapstanError} UNAUTHORIZED where the upstream refuses, or its answer holds no token or cookie; OVERLOADED or UPSTREAM_ERROR where it is busy or
 * broken; MANIFEST_INVALID for a definition that cannot work; `EgressError`; or the reason of `signal`.
 */
export const openLoginSession = async (options: OpenLoginSessionOptions): Promise<LoginSession> => {
  const { egress, definition, fields, signal } = options;
  checkLoginDefinition(definition);
  return new LoginSession(egress, definition, await logIn({ egress, definition, signal }, fields));
};

/** A login to one upstream, kept in memory. The caller sends its own requests, and asks here what to put into them. */
export class LoginSession {
  readonly #egress: Pick<Egress, 'request'>;
  readonly #definition: LoginDefinition;
  readonly #origins: readonly string[];
  readonly #renewal = new SharedTask<void>();
  #credentials: LoginCredentials;
  #end: Promise<void> | undefined;

  constructor(egress: Pick<Egress, 'request'>, definition: LoginDefinition, credentials: LoginCredentials) {
    this.#egress = egress;
    this.#definition = definition;
    this.#credentials = credentials;
    const { login, tokenOrigin } = definition;
    this.#origins = [...new Set([login.url.origin, tokenOrigin ?? login.url.origin])];
  }

  /** Milliseconds since the epoch, where the upstream said so. */
  get expiresAt(): number | undefined {
    return this.#credentials.expiresAt;
  }

  /** Whether it is time to renew: 60 s or a quarter of the lifetime before the end, whichever is less. */
  isDue(now: number = Date.now()): boolean {
    return (this.#credentials.renewAt ?? Infinity) <= now;
  }

  /**
   * What a request to `url` shows of the login.
   * @throws {CapstanError} MANIFEST_INVALID for an origin that the login is not for; SESSION_LOST after `logOut`.
   */
  present(url: URL, method: string): PresentedLogin {
    if (this.#end !== undefined) throw loggedOut(this.#definition.login.url);
    if (!this.#origins.includes(url.origin)) throw foreignOrigin(url, this.#origins);
    return new PresentedLogin(this.#definition, this.#credentials, url, method);
  }

  /**
   * Renews in place: a refused CSRF token by the CSRF call, all else by the refresh call or, without one or where that is refused, by a new login. However
   * many ask at once, one renewal runs. Until it is over, and where it fails, the old credentials stay in use.
   * @throws as `openLoginSession`.
   */
  async renew({ fields, rejected, signal }: RenewLoginOptions): Promise<void> {
    const stale = rejected?.credentials ?? this.#credentials;
    const expiry = rejected?.expiry ?? 'session';
    // A renewal of another kind may be under way.
    while (this.#end === undefined && !this.#isRenewed(stale, expiry))
      await this.#renewal.run((shared) => this.#renew(fields, expiry, shared), signal);
    if (this.#end !== undefined) throw loggedOut(this.#definition.login.url);
  }

  /**
   * Ends the session at once for new requests, tells the upstream where that is declared, and empties the jar. Asked again, it settles as the first
   * time. Default limit 5 s.
   * @throws {CapstanError} where the upstream did not confirm.
   */
  logOut(signal: Cancellation = AbortSignal.timeout(logoutLimitMs)): Promise<void> {
    this.#end ??= this.#logOut(this.#credentials, signal);
    return this.#end;
  }

  #isRenewed(stale: LoginCredentials, expiry: LoginExpiry): boolean {
    return expiry === 'csrf' ? this.#credentials !== stale : !this.#credentials.hasGrantOf(stale);
  }

  async #renew(fields: LoginFields, expiry: LoginExpiry, signal: AbortSignal): Promise<void> {
    const renewed = await this.#renewedCredentials(fields, expiry, signal);
    // One that ended meanwhile leaves no login behind.
    if (this.#end !== undefined) return this.#logOut(renewed, signal);
    this.#credentials = renewed;
  }

  async #renewedCredentials(fields: LoginFields, expiry: LoginExpiry, signal: AbortSignal): Promise<LoginCredentials> {
    const { refresh, csrf } = this.#definition;
    const context = { egress: this.#egress, definition: this.#definition, signal };
    const current = this.#credentials;
    try {
      if (expiry === 'csrf' && csrf?.url !== undefined) return await fetchCsrfToken(context, current);
      if (expiry === 'session' && refresh !== undefined) return await refreshLogin(context, current, refresh);
    } catch (error) {
      if (!CapstanError.isInstance(error) || error.code !== 'UNAUTHORIZED') throw error;
    }
    return logIn(context, fields);
  }

  async #logOut(credentials: LoginCredentials, signal: Cancellation): Promise<void> {
    const { logout } = this.#definition;
    try {
      if (logout !== undefined)
        await logOut({ egress: this.#egress, definition: this.#definition, signal }, credentials, logout);
    } finally {
      credentials.clear();
    }
  }
}
