import type { Cancellation, Egress } from '../egress.ts';
import { SharedTask } from '../shared-task.ts';
import type { ClientCredentialsDefinition } from './client-credentials-definition.ts';
import { type AccessToken, type OAuthClient, requestToken } from './token-request.ts';

export interface ClientCredentialsOptions {
  readonly egress: Pick<Egress, 'fetchAs'>;
  readonly definition: ClientCredentialsDefinition;
  /** Asked before each token request, so that a changed secret counts. */
  readonly readClient: (signal: AbortSignal) => Promise<OAuthClient>;
}

const maxAnswerBytes = 256 * 1024;
/** How long to use a token that still works before trying again to renew it ahead of its end. */
const retryAheadMs = 10_000;

/** Access tokens of one OAuth client (RFC 6749, section 4.4). However many ask, one token request runs at a time. Kept in memory. */
export class ClientCredentials {
  readonly #options: ClientCredentialsOptions;
  /** Replaced by `forget`. */
  #request = new SharedTask<AccessToken>();
  readonly #fetch: typeof globalThis.fetch;
  #token: AccessToken | undefined;
  #renewAheadFrom = 0;

  constructor(options: ClientCredentialsOptions) {
    this.#options = options;
    this.#fetch = options.egress.fetchAs({
      trust: 'declared',
      redirect: 'none',
      maxBytes: maxAnswerBytes,
      allowInsecure: options.definition.allowInsecure ?? false,
    });
  }

  /** Milliseconds since the epoch: of the token in use, where the server said so. */
  get expiresAt(): number | undefined {
    return this.#token?.expiresAt;
  }

  /**
   * The token to send. Renewed 60 s or a quarter of its lifetime before its end, whichever is less; where that fails it is used to its end.
   * @throws {CapstanError} UNAUTHORIZED or FORBIDDEN where the server refuses the client or the scope; OVERLOADED or UPSTREAM_ERROR where it is busy,
   * broken or redirects; `EgressError`; what `readClient` throws; or the reason of `signal`.
   */
  async token(signal?: Cancellation): Promise<string> {
    const token = this.#token;
    const now = Date.now();
    const isValid = token !== undefined && (token.expiresAt ?? Infinity) > now;
    if (!isValid) return this.#renew(signal);
    if ((token.renewAt ?? Infinity) > now || this.#renewAheadFrom > now) return token.value;
    try {
      return await this.#renew(signal);
    } catch (error) {
      if (signal?.aborted === true || (token.expiresAt ?? Infinity) <= Date.now()) throw error;
      this.#renewAheadFrom = Date.now() + retryAheadMs;
      return token.value;
    }
  }

  /** Another token than the one that an upstream refused; where it was replaced since, nothing is sent. Throws as `token`. */
  async replace(rejected: string, signal?: Cancellation): Promise<string> {
    const token = this.#token;
    if (token !== undefined && token.value !== rejected) return this.token(signal);
    return this.#renew(signal);
  }

  /** Keeps no token any more, nor the one that is being asked for: only those who wait for it get it. */
  forget(): void {
    this.#token = undefined;
    this.#request = new SharedTask();
  }

  async #renew(signal: Cancellation | undefined): Promise<string> {
    const request = this.#request;
    const token = await request.run((shared) => this.#fetchToken(request, shared), signal);
    return token.value;
  }

  async #fetchToken(request: SharedTask<AccessToken>, signal: AbortSignal): Promise<AccessToken> {
    const { definition, readClient } = this.#options;
    const token = await requestToken(this.#fetch, definition, await readClient(signal), signal);
    if (request !== this.#request) return token;
    this.#token = token;
    this.#renewAheadFrom = 0;
    return token;
  }
}
