import { OAuthError, OAuthErrorCode, type FetchLike } from '@modelcontextprotocol/client';
import type { Caller } from '@capstan/provider';
import type { OAuthSource } from '../auth-source.ts';
import type { HttpTarget } from '../mcp-target.ts';
import { signInWithPerson, type Authorize } from './authorize.ts';
import { openDpopSession } from './dpop-key.ts';
import { toIssuedToken, type IssuedToken, type UsableToken } from './issued-token.ts';
import { restoreClient, type ReadVariable } from './oauth-client.ts';
import { issuerRefused, scopesMissing, signInMissing } from './oauth-failure.ts';
import { chooseScopes, includesAll, union } from './scopes.ts';
import { discoverServer, isSameIssuer, type AuthorizationServer } from './server-discovery.ts';
import { parseSignIn, serializeSignIn, type SignIn } from './sign-in.ts';
import { refreshToken } from './token-requests.ts';
import type { RenewRequest, TokenSource } from './token-source.ts';
import type { TokenStore } from './token-store.ts';

export interface PersonTokensOptions {
  readonly target: HttpTarget;
  readonly auth: OAuthSource;
  readonly caller: Caller;
  /** Under which the sign-in is kept. */
  readonly key: string;
  readonly store: TokenStore;
  readonly fetch: FetchLike;
  readonly clientName: string;
  /** Absent: nobody can be asked now. */
  readonly authorize: Authorize | undefined;
  readonly redirectUrl: URL;
  readonly readWith: (request: RenewRequest) => ReadVariable;
}

/** Tokens of a person who signed in: kept in the store, refreshed by whichever process needs it first. */
export class PersonTokens implements TokenSource {
  readonly #options: PersonTokensOptions;

  constructor(options: PersonTokensOptions) {
    this.#options = options;
  }

  async current(): Promise<UsableToken | undefined> {
    const signIn = await this.read();
    return signIn?.token === undefined ? undefined : usableOf(signIn, signIn.token);
  }

  canRenewAhead(token: IssuedToken): boolean {
    return token.refreshToken !== undefined;
  }

  async renew(request: RenewRequest): Promise<UsableToken> {
    const known = await this.read();
    const renewedByAnother = known?.token !== undefined && known.token.accessToken !== request.token?.accessToken;
    if (renewedByAnother && (known.token.expiresAt ?? Infinity) > Date.now()) return usableOf(known, known.token);
    if (request.reason === 'expiring' && known !== undefined) {
      const refreshed = await this.#refresh(known.server, request);
      if (refreshed !== undefined) return refreshed;
    }
    const server = await this.discover(known, request);
    if (request.reason === 'rejected' && known !== undefined && isSameIssuer(known.server.issuer, server.issuer)) {
      const refreshed = await this.#refresh(server, request);
      if (refreshed !== undefined) return refreshed;
    }
    return this.#askPerson(known, server, request);
  }

  async read(): Promise<SignIn | undefined> {
    const { store, key } = this.#options;
    return parseSignIn(await store.get(key));
  }

  /** Throws where a client that was registered by hand would be led to another authorization server than before. */
  async discover(
    known: SignIn | undefined,
    { challenge, scene }: Pick<RenewRequest, 'challenge' | 'scene'>,
  ): Promise<AuthorizationServer> {
    const { target, auth, fetch } = this.#options;
    const server = await discoverServer({
      serverUrl: target.url,
      challenge,
      declaredIssuer: auth.issuer,
      preferredIssuer: known?.server.issuer,
      scene,
      fetch,
    });
    const before = known?.server.issuer;
    const isBound = auth.clientIdEnvVar !== undefined && auth.issuer === undefined;
    if (isBound && before !== undefined && !isSameIssuer(before, server.issuer))
      throw issuerRefused(scene, before, [server.issuer]);
    return server;
  }

  /** Signs the person in anew, whatever is kept. */
  async signIn(
    known: SignIn | undefined,
    server: AuthorizationServer,
    scopes: readonly string[],
    request: RenewRequest & { readonly authorize: Authorize },
  ): Promise<UsableToken> {
    const { store, key } = this.#options;
    const isSame = known !== undefined && isSameIssuer(known.server.issuer, server.issuer);
    const signIn = await signInWithPerson({
      ...this.#options,
      server,
      scopes,
      scene: request.scene,
      challenge: request.challenge,
      known: isSame ? known.client : undefined,
      previousIssuer: isSame ? undefined : known?.server.issuer,
      read: this.#options.readWith(request),
      authorize: request.authorize,
      signal: request.signal,
      secretValues: request.context.secretValues,
    });
    await this.#withLock(() => store.set(key, serializeSignIn(signIn)), request.signal);
    return usableOf(signIn, signIn.token);
  }

  async #askPerson(
    known: SignIn | undefined,
    server: AuthorizationServer,
    request: RenewRequest,
  ): Promise<UsableToken> {
    const { auth, authorize } = this.#options;
    const { challenge, reason, scene } = request;
    const before = union(known?.asked ?? [], known?.token?.scopes ?? []);
    const demanded = challenge?.scopes ?? [];
    if (reason === 'scopes' && (authorize === undefined || includesAll(before, demanded)))
      throw scopesMissing(scene, demanded, { login: authorize === undefined });
    if (authorize === undefined) throw signInMissing(scene, whyMissing(known, server, scene.where));
    const isSame = known !== undefined && isSameIssuer(known.server.issuer, server.issuer);
    const more = reason === 'scopes' ? union(before, demanded) : isSame ? known.asked : [];
    const scopes = chooseScopes({ auth, server, challenge, more });
    return this.signIn(known, server, scopes, { ...request, authorize });
  }

  /** Undefined where only a person can help. Spends a refresh token once, whatever other processes do. */
  async #refresh(server: AuthorizationServer, request: RenewRequest): Promise<UsableToken | undefined> {
    const { auth, store, key, fetch, readWith } = this.#options;
    const { scene } = request;
    return this.#withLock(async () => {
      const signIn = await this.read();
      if (signIn?.token === undefined) return undefined;
      const { token, dpopKey } = signIn;
      if (token.accessToken !== request.token?.accessToken) return usableOf(signIn, token);
      if (token.refreshToken === undefined) return undefined;
      const client = await restoreClient(signIn.client, auth, readWith(request), scene);
      if (client === undefined) return undefined;
      request.context.secretValues
        .add(token.refreshToken)
        .add(token.accessToken)
        .add(client.kept.clientSecret ?? '');
      const dpop = dpopKey === undefined ? undefined : await openDpopSession(dpopKey);
      try {
        const tokens = await refreshToken({ server, client, dpop, fetch }, token.refreshToken);
        const renewed = { ...signIn, server, token: toIssuedToken(tokens, token.scopes) };
        await store.set(key, serializeSignIn(renewed));
        return { token: renewed.token, dpop };
      } catch (error) {
        if (!endsSignIn(error, client.kept.kind)) throw error;
        // The issuer stays known, so that it cannot change behind the person's back.
        await store.set(key, serializeSignIn({ ...signIn, token: undefined }));
        return undefined;
      }
    }, request.signal);
  }

  async #withLock<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { store, key } = this.#options;
    return store.withLock === undefined ? work() : store.withLock(key, work, signal);
  }
}

async function usableOf({ dpopKey }: SignIn, token: IssuedToken): Promise<UsableToken> {
  return { token, dpop: dpopKey === undefined ? undefined : await openDpopSession(dpopKey) };
}

function endsSignIn(error: unknown, kind: 'configured' | 'metadata' | 'dynamic'): boolean {
  if (!(error instanceof OAuthError)) return false;
  const { code } = error;
  if (code === OAuthErrorCode.InvalidGrant || code === OAuthErrorCode.InvalidDpopProof) return true;
  // A registration that has been forgotten cannot be mended by its owner, who does not know of it.
  return kind === 'dynamic' && (code === OAuthErrorCode.InvalidClient || code === OAuthErrorCode.UnauthorizedClient);
}

function whyMissing(known: SignIn | undefined, server: AuthorizationServer, where: string): string {
  if (known === undefined) return `nobody has signed in at ${where}`;
  return isSameIssuer(known.server.issuer, server.issuer)
    ? `the sign-in at ${where} is no longer valid`
    : `${where} has moved to another authorization server, so the sign-in is no longer valid`;
}
