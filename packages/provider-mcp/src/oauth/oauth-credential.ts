import { authorizationFailed } from './oauth-failure.ts';
import type { UsableToken } from './issued-token.ts';
import type { RenewRequest, TokenSource } from './token-source.ts';

interface Flight {
  readonly promise: Promise<UsableToken>;
  readonly scopes: readonly string[] | undefined;
}

/** How long to use a token that still works before trying again to renew it ahead of its end. */
const retryAheadMs = 10_000;

/** One identity towards one server. However many requests need a token, one renewal runs at a time, and all share what it brings. */
export class OAuthCredential {
  readonly #source: TokenSource;
  /** Of the plugin: a renewal outlives the call that began it, since others wait for it. */
  readonly #lifetime: AbortSignal;
  #usable: UsableToken | undefined;
  #flight: Flight | undefined;
  #renewAheadFrom = 0;

  constructor(source: TokenSource, lifetime: AbortSignal) {
    this.#source = source;
    this.#lifetime = lifetime;
  }

  /** The token to send, renewed if its end is near; undefined where there is none yet. */
  async token(request: Pick<RenewRequest, 'context' | 'scene' | 'signal'>): Promise<UsableToken | undefined> {
    const kept = this.#usable ?? (await this.#source.current());
    // A renewal may have ended meanwhile.
    const usable = (this.#usable ??= kept);
    if (usable === undefined || !this.#isDue(usable)) return usable;
    try {
      return await this.renew({ ...request, reason: 'expiring', token: usable.token });
    } catch (error) {
      this.#renewAheadFrom = Date.now() + retryAheadMs;
      if (request.signal.aborted || (usable.token.expiresAt ?? Infinity) <= Date.now()) throw error;
      return usable;
    }
  }

  /** Another token than the one in the request. Throws a `CapstanError`, or the reason of its signal. */
  async renew(request: RenewRequest): Promise<UsableToken> {
    for (;;) {
      request.signal.throwIfAborted();
      const flight = this.#flight;
      if (flight === undefined) {
        const usable = this.#usable;
        if (usable !== undefined && usable.token.accessToken !== request.token?.accessToken) return usable;
        return unlessAborted(this.#start(request), request.signal);
      }
      if (brings(flight, request)) return unlessAborted(flight.promise, request.signal);
      await unlessAborted(flight.promise.then(ignore, ignore), request.signal);
    }
  }

  #isDue({ token }: UsableToken): boolean {
    const now = Date.now();
    // What still works is used while somebody is fetching another, who may be asking a person.
    const isAwaited = this.#flight === undefined || (token.expiresAt ?? Infinity) <= now;
    return (
      isAwaited &&
      token.renewAt !== undefined &&
      token.renewAt <= now &&
      this.#renewAheadFrom <= now &&
      this.#source.canRenewAhead(token)
    );
  }

  #start(request: RenewRequest): Promise<UsableToken> {
    const scopes = request.reason === 'scopes' ? (request.challenge?.scopes ?? []) : undefined;
    // The values of a call are forgotten at its end, which may come before that of the renewal.
    const context = { ...request.context, secretValues: new Set(request.context.secretValues) };
    const promise = this.#renew({ ...request, context, signal: this.#lifetime });
    this.#flight = { promise, scopes };
    // Whoever waits may be gone by then.
    promise.then(ignore, ignore);
    return promise;
  }

  async #renew(request: RenewRequest): Promise<UsableToken> {
    try {
      const usable = await this.#source.renew(request);
      this.#usable = usable;
      this.#renewAheadFrom = 0;
      return usable;
    } catch (error) {
      this.#lifetime.throwIfAborted();
      // Another process may have signed in, or out, by the next time.
      if (request.reason === 'rejected') this.#usable = undefined;
      throw authorizationFailed(error, request.scene, request.context.secretValues);
    } finally {
      this.#flight = undefined;
    }
  }
}

/** Whether what is being fetched is what this request needs. */
function brings({ scopes }: Flight, { reason, challenge }: RenewRequest): boolean {
  if (reason !== 'scopes') return true;
  return scopes !== undefined && (challenge?.scopes ?? []).every((scope) => scopes.includes(scope));
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function ignore(): void {
  // Told to those who wait.
}
