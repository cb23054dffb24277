import {
  exchangeAuthorization,
  fetchToken,
  refreshAuthorization,
  type DpopSession,
  type FetchLike,
  type OAuthTokens,
} from '@modelcontextprotocol/client';
import type { OAuthClient } from './oauth-client.ts';
import type { AuthorizationServer } from './server-discovery.ts';

export interface TokenRequest {
  readonly server: AuthorizationServer;
  readonly client: OAuthClient;
  readonly dpop?: DpopSession | undefined;
  readonly fetch: FetchLike;
}

export interface AnsweredSignIn {
  readonly code: string;
  /** RFC 9207; checked by the SDK before the code is spent. */
  readonly iss: string | undefined;
  readonly codeVerifier: string;
  readonly redirectUrl: string;
}

export async function exchangeCode(request: TokenRequest, answered: AnsweredSignIn): Promise<OAuthTokens> {
  const { code: authorizationCode, iss, codeVerifier, redirectUrl: redirectUri } = answered;
  return exchangeAuthorization(request.server.url, {
    ...common(request),
    authorizationCode,
    ...(iss === undefined ? {} : { iss }),
    codeVerifier,
    redirectUri,
  });
}

/** The answer holds the old refresh token where the server did not rotate it. */
export async function refreshToken(request: TokenRequest, token: string): Promise<OAuthTokens> {
  return refreshAuthorization(request.server.url, { ...common(request), refreshToken: token });
}

/** A grant that needs no person: `parameters` hold its type and what belongs to it. */
export async function requestToken(request: TokenRequest, parameters: URLSearchParams): Promise<OAuthTokens> {
  const { server, client, dpop, fetch: fetchFn } = request;
  // As written by the MCP server: a parsed URL would gain a slash.
  if (server.resource !== undefined) parameters.set('resource', server.resource);
  const unused = (): never => {
    throw new TypeError('A grant without a person has no use for this.');
  };
  return fetchToken(
    {
      redirectUrl: undefined,
      clientMetadata: { redirect_uris: [] },
      clientInformation: () => ({ client_id: client.kept.clientId, issuer: server.issuer }),
      addClientAuthentication: client.authenticate,
      prepareTokenRequest: () => parameters,
      ...(dpop === undefined ? {} : { dpop: () => dpop }),
      tokens: unused,
      saveTokens: unused,
      redirectToAuthorization: unused,
      saveCodeVerifier: unused,
      codeVerifier: unused,
    },
    server.url,
    { ...(server.metadata === undefined ? {} : { metadata: server.metadata }), fetchFn },
  );
}

function common({ server, client, dpop, fetch: fetchFn }: TokenRequest) {
  return {
    ...(server.metadata === undefined ? {} : { metadata: server.metadata }),
    ...(server.resource === undefined ? {} : { resource: server.resource }),
    ...(dpop === undefined ? {} : { dpop }),
    clientInformation: { client_id: client.kept.clientId },
    addClientAuthentication: client.authenticate,
    fetchFn,
  };
}
