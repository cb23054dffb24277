import type { FetchLike } from '@modelcontextprotocol/client';
import type { Caller, Capability, Logger } from '@capstan/provider';
import type { OAuthSource } from '../auth-source.ts';
import type { HttpTarget } from '../mcp-target.ts';
import { createDpopKey, openDpopSession, wantsDpop } from './dpop-key.ts';
import { toIssuedToken, type UsableToken } from './issued-token.ts';
import { configuredClient, type ReadVariable } from './oauth-client.ts';
import { issuerRefused, scopesMissing, unsafeAnswer } from './oauth-failure.ts';
import { chooseScopes, includesAll, union } from './scopes.ts';
import { discoverServer, isSameIssuer, type AuthorizationServer } from './server-discovery.ts';
import { requestToken } from './token-requests.ts';
import type { RenewRequest, TokenSource } from './token-source.ts';

/** What an assertion is to be made for. */
export interface AssertionContext {
  readonly capability: Capability;
  readonly caller: Caller;
  /** The audience: the authorization server of the MCP server. */
  readonly issuer: string;
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly clientId: string;
  readonly signal: AbortSignal;
}

/**
 * Makes a JWT that stands for the caller (RFC 7523 §2.1): an identity assertion that an enterprise's identity provider exchanged, or the token of a
 * workload. Asked for `mcp_auth: oauth2`. Undefined: this server is not meant, and its grant is client credentials.
 */
export type AuthorizationGrant = (context: AssertionContext) => Promise<string | undefined>;

export interface MachineTokensOptions {
  readonly target: HttpTarget;
  readonly auth: OAuthSource;
  readonly fetch: FetchLike;
  readonly logger: Logger;
  readonly authorizationGrant: AuthorizationGrant | undefined;
  readonly readWith: (request: RenewRequest) => ReadVariable;
}

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** Tokens of a program that is who it is: client credentials, or an assertion about the caller. Kept in memory only. */
export class MachineTokens implements TokenSource {
  readonly #options: MachineTokensOptions;
  #server: AuthorizationServer | undefined;
  #asked: readonly string[] = [];

  constructor(options: MachineTokensOptions) {
    this.#options = options;
  }

  current(): Promise<UsableToken | undefined> {
    return Promise.resolve(undefined);
  }

  canRenewAhead(): boolean {
    return true;
  }

  async renew(request: RenewRequest): Promise<UsableToken> {
    const { auth } = this.#options;
    const { challenge, scene } = request;
    const server = await this.#bind(request);
    const more = request.reason === 'scopes' ? (challenge?.scopes ?? []) : [];
    if (request.reason === 'scopes' && includesAll(this.#asked, more))
      throw scopesMissing(scene, more, { login: false });
    const scopes = chooseScopes({ auth, server, challenge, more: union(this.#asked, more) });
    const usable = await this.#fetch(server, scopes, request);
    this.#asked = scopes;
    return usable;
  }

  /** Our secrets go to the server that the manifest names, else to the one that was named first, and to no other. */
  async #bind({ reason, challenge, scene }: RenewRequest): Promise<AuthorizationServer> {
    const { target, auth, fetch, logger } = this.#options;
    const bound = this.#server;
    if (bound !== undefined && reason === 'expiring') return bound;
    const server = await discoverServer({
      serverUrl: target.url,
      challenge,
      declaredIssuer: auth.issuer,
      preferredIssuer: bound?.issuer,
      scene,
      fetch,
    });
    if (bound !== undefined && !isSameIssuer(bound.issuer, server.issuer))
      throw issuerRefused(scene, bound.issuer, [server.issuer]);
    if (bound === undefined && auth.issuer === undefined)
      logger.log('warning', 'mcp.oauth-issuer-undeclared', {
        server: scene.where,
        issuer: server.issuer,
        advice: 'with mcp_oauth_issuer the client secret goes to no other authorization server',
      });
    this.#server = server;
    return server;
  }

  async #fetch(server: AuthorizationServer, scopes: readonly string[], request: RenewRequest): Promise<UsableToken> {
    const { auth, fetch, target, authorizationGrant, readWith } = this.#options;
    const { context, challenge, scene, signal } = request;
    const client = await configuredClient(auth, readWith(request), scene);
    if (client === undefined)
      throw unsafeAnswer(scene, 'mcp_oauth_client_id_env_var says who asks for a token, and is missing', 'no-client');
    const dpop = wantsDpop(server, challenge) ? await openDpopSession(await createDpopKey()) : undefined;
    const assertion = await authorizationGrant?.({
      capability: context.capability,
      caller: context.caller,
      issuer: server.issuer,
      resource: server.resource ?? target.url.href,
      scopes,
      clientId: client.kept.clientId,
      signal,
    });
    if (assertion !== undefined) context.secretValues.add(assertion);
    const parameters = new URLSearchParams({
      grant_type: assertion === undefined ? 'client_credentials' : jwtBearer,
      ...(assertion === undefined ? {} : { assertion }),
      ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    });
    const token = toIssuedToken(await requestToken({ server, client, dpop, fetch }, parameters), scopes);
    return { token, dpop };
  }
}
