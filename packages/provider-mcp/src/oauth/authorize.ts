import { randomBytes, timingSafeEqual } from 'node:crypto';
import {
  OAuthError,
  startAuthorization,
  validateAuthorizationResponseIssuer,
  type FetchLike,
} from '@modelcontextprotocol/client';
import type { Caller, Capability } from '@capstan/provider';
import type { OAuthSource } from '../auth-source.ts';
import { UpstreamError } from '../upstream-error.ts';
import { createDpopKey, openDpopSession, wantsDpop } from './dpop-key.ts';
import type { Challenge } from './challenge.ts';
import { toIssuedToken, type IssuedToken } from './issued-token.ts';
import { clientForSignIn, type KeptClient, type ReadVariable } from './oauth-client.ts';
import { unsafeAnswer, type OAuthScene } from './oauth-failure.ts';
import type { AuthorizationServer } from './server-discovery.ts';
import type { SignIn } from './sign-in.ts';
import { exchangeCode } from './token-requests.ts';
import { isLoopback } from './url-trust.ts';

/** What a person, or whoever acts for one, may want to know before agreeing. */
export interface AuthorizeContext {
  readonly capability: Capability;
  readonly caller: Caller;
  /** The MCP server, for people. */
  readonly server: string;
  readonly issuer: string;
  /** The last sign-in was at another authorization server. */
  readonly previousIssuer?: string;
  readonly scopes: readonly string[];
  /** Where the authorization server sends the person back to. */
  readonly redirectUrl: URL;
  readonly signal: AbortSignal;
}

/** Shows `url` to a person and resolves with the URL that the authorization server then sent them to, with all its parameters. */
export type Authorize = (url: URL, context: AuthorizeContext) => Promise<URL>;

export interface SignInRequest {
  readonly auth: OAuthSource;
  readonly caller: Caller;
  readonly scene: OAuthScene;
  readonly server: AuthorizationServer;
  readonly challenge: Challenge | undefined;
  readonly scopes: readonly string[];
  readonly known: KeptClient | undefined;
  readonly previousIssuer: string | undefined;
  readonly clientName: string;
  readonly read: ReadVariable;
  readonly authorize: Authorize;
  readonly redirectUrl: URL;
  readonly fetch: FetchLike;
  readonly signal: AbortSignal;
  /** Gets what the authorization server is sent, to be struck out of its answers. */
  readonly secretValues: Set<string>;
}

const signInLimitMs = 600_000;

/** The authorization code grant with PKCE (OAuth 2.1 §4.1): one sign-in of a person, 10 min at most. */
export async function signInWithPerson(request: SignInRequest): Promise<SignIn & { readonly token: IssuedToken }> {
  const { server, scene, scopes, redirectUrl, challenge, fetch } = request;
  const client = await clientForSignIn({ ...request, redirectUrl: redirectUrl.href });
  const state = randomBytes(32).toString('base64url');
  const { authorizationUrl, codeVerifier } = await startAuthorization(server.url, {
    ...(server.metadata === undefined ? {} : { metadata: server.metadata }),
    clientInformation: { client_id: client.kept.clientId },
    redirectUrl: redirectUrl.href,
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    ...(server.resource === undefined ? {} : { resource: server.resource }),
    state,
  });
  // What stands before an @ could pass for the host.
  if (authorizationUrl.username !== '' || authorizationUrl.password !== '')
    throw unsafeAnswer(
      scene,
      `the authorization server of ${scene.where} wants people to sign in at an address with a user name in it`,
      'unsafe-authorization-endpoint',
    );
  if (
    authorizationUrl.protocol !== 'https:' &&
    !(authorizationUrl.protocol === 'http:' && isLoopback(authorizationUrl))
  )
    throw unsafeAnswer(
      scene,
      `the authorization server of ${scene.where} wants people to sign in over something else than https`,
      'unsafe-authorization-endpoint',
    );
  const answer = await askPerson(authorizationUrl, request);
  const code = readAnswer(answer, state, request);
  request.secretValues
    .add(code)
    .add(codeVerifier)
    .add(client.kept.clientSecret ?? '');
  const dpopKey = wantsDpop(server, challenge) ? await createDpopKey() : undefined;
  const dpop = dpopKey === undefined ? undefined : await openDpopSession(dpopKey);
  const tokens = await exchangeCode(
    { server, client, dpop, fetch },
    { code, iss: answer.searchParams.get('iss') ?? undefined, codeVerifier, redirectUrl: redirectUrl.href },
  );
  const signedInAt = Date.now();
  return {
    version: 1,
    server,
    client: client.kept,
    token: toIssuedToken(tokens, scopes, signedInAt),
    asked: scopes,
    dpopKey,
    signedInAt,
  };
}

async function askPerson(url: URL, request: SignInRequest): Promise<URL> {
  const { scene, caller, server, previousIssuer, scopes, redirectUrl, authorize, signal } = request;
  const tooLong = AbortSignal.timeout(signInLimitMs);
  const limit = AbortSignal.any([signal, tooLong]);
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(limit.reason);
  limit.addEventListener('abort', onAbort, { once: true });
  try {
    limit.throwIfAborted();
    const asking = authorize(url, {
      capability: scene.capability,
      caller,
      server: scene.where,
      issuer: server.issuer,
      ...(previousIssuer === undefined ? {} : { previousIssuer }),
      scopes,
      redirectUrl,
      signal: limit,
    });
    return await Promise.race([asking, aborted.promise]);
  } catch (error) {
    if (!tooLong.aborted) throw error;
    throw new UpstreamError(
      'TIMEOUT',
      `${scene.capability.id}: nobody finished the sign-in at ${scene.where} within ${signInLimitMs / 60_000} min. Sign in again.`,
      { kind: 'caller', sent: false },
      { cause: error },
    );
  } finally {
    limit.removeEventListener('abort', onAbort);
  }
}

/** The code, once it is certain that the answer is to our question and from the server that we asked. */
function readAnswer(answer: URL, state: string, { scene, server, redirectUrl }: SignInRequest): string {
  const { searchParams } = answer;
  const isForUs =
    answer.origin === redirectUrl.origin &&
    answer.pathname === redirectUrl.pathname &&
    isEqual(searchParams.get('state') ?? '', state);
  if (!isForUs)
    throw unsafeAnswer(
      scene,
      `the answer to the sign-in at ${scene.where} does not belong to the question. Sign in again`,
      'state-mismatch',
    );
  validateAuthorizationResponseIssuer({
    iss: searchParams.get('iss') ?? undefined,
    expectedIssuer: server.metadata?.issuer,
    issParameterSupported: server.metadata?.authorization_response_iss_parameter_supported === true,
  });
  const code = searchParams.get('code');
  if (code !== null && code !== '') return code;
  const error = searchParams.get('error') ?? 'invalid_request';
  throw new OAuthError(error, searchParams.get('error_description') ?? error);
}

function isEqual(one: string, other: string): boolean {
  const [left, right] = [Buffer.from(one), Buffer.from(other)];
  return left.length === right.length && timingSafeEqual(left, right);
}
