import { CapstanError } from '@capstan/provider';
import { shownUrl } from '../egress-error.ts';
import { retryAfterMs } from '../retry-after.ts';
import { renewalTime } from '../renewal-time.ts';
import type { ClientCredentialsDefinition } from './client-credentials-definition.ts';

/** Who asks for a token. The secret is used for one request, and not kept. */
export interface OAuthClient {
  readonly id: string;
  readonly secret: string;
}

export interface AccessToken {
  readonly value: string;
  /** Milliseconds since the epoch, as `renewAt`. Undefined: used until it is refused. */
  readonly expiresAt?: number;
  readonly renewAt?: number;
}

/** Asks a token endpoint once (RFC 6749, section 4.4). Loads the OAuth library. */
export const requestToken = async (
  fetch: typeof globalThis.fetch,
  definition: ClientCredentialsDefinition,
  client: OAuthClient,
  signal: AbortSignal,
): Promise<AccessToken> => {
  const { tokenUrl, scope, audience, clientAuth = 'basic' } = definition;
  const oauth = await import('oauth4webapi');
  const server = { issuer: tokenUrl.origin, token_endpoint: tokenUrl.href };
  const named = { client_id: client.id };
  const authentication =
    clientAuth === 'post' ? oauth.ClientSecretPost(client.secret) : oauth.ClientSecretBasic(client.secret);
  const parameters = { ...(scope === undefined ? {} : { scope }), ...(audience === undefined ? {} : { audience }) };
  const response = await oauth.clientCredentialsGrantRequest(server, named, authentication, parameters, {
    [oauth.customFetch]: fetch,
    // Egress decides about plain http, for this as for all else.
    [oauth.allowInsecureRequests]: true,
    signal,
  });
  if (response.status !== 200) throw await refusalOf(response, tokenUrl);
  const answer = await oauth
    .processClientCredentialsResponse(server, named, response)
    .catch((error: unknown) => Promise.reject(failureOf(error, tokenUrl, signal)));
  if (answer.token_type !== 'bearer' || !/^[\u0021-\u007e]+$/.test(answer.access_token)) throw unusable(tokenUrl);
  return tokenOf(answer.access_token, answer.expires_in);
};

const tokenOf = (value: string, lifetimeSeconds: number | undefined): AccessToken => {
  // A lifetime of nothing would have us ask for every request.
  if (lifetimeSeconds === undefined || !(lifetimeSeconds > 0)) return { value };
  const now = Date.now();
  const expiresAt = now + lifetimeSeconds * 1_000;
  return { value, expiresAt, renewAt: renewalTime(expiresAt, now) };
};

/** The causes of the library's errors hold the answer, and so the token. */
const failureOf = (error: unknown, url: URL, signal: AbortSignal): unknown => {
  if (signal.aborted) return signal.reason;
  const cause = error instanceof Error ? error.cause : undefined;
  return CapstanError.isInstance(cause) ? cause : unusable(url);
};

const unusable = (url: URL): CapstanError =>
  new CapstanError(
    'UPSTREAM_ERROR',
    `The token endpoint ${shownUrl(url)} did not answer with a bearer token (RFC 6749, section 5.1). Check that the URL is that of the token endpoint.`,
    { retryable: false, details: { reason: 'token', sent: false, status: 200 } },
  );

/** RFC 6749, section 5.2, and what else is common. Any other text of the upstream could repeat a secret. */
const knownErrors: ReadonlySet<unknown> = new Set([
  'invalid_request',
  'invalid_client',
  'invalid_grant',
  'unauthorized_client',
  'unsupported_grant_type',
  'invalid_scope',
  'invalid_target',
  'access_denied',
  'server_error',
  'temporarily_unavailable',
]);

const refusalOf = async (response: Response, url: URL): Promise<CapstanError> => {
  const { status, headers } = response;
  const oauthError = await errorIn(response);
  const where = `The token endpoint ${shownUrl(url)}`;
  const details = { reason: 'token', sent: false, status, ...(oauthError === undefined ? {} : { oauthError }) };
  if (status >= 300 && status < 400)
    return new CapstanError('UPSTREAM_ERROR', `${where} redirects, which is refused. Use its final URL.`, {
      retryable: false,
      details: { ...details, reason: 'redirect' },
    });
  const says = `${where} answered with status ${status}${oauthError === undefined ? '' : ` and ${oauthError}`}`;
  if (status === 408 || status === 429 || status === 503) {
    const wait = retryAfterMs(headers.get('retry-after') ?? undefined);
    return new CapstanError('OVERLOADED', `${says}. Try again later.`, {
      details,
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
    });
  }
  if (status >= 500) return new CapstanError('UPSTREAM_ERROR', `${says}. Try again, or report it.`, { details });
  const code = oauthError === 'invalid_scope' || oauthError === 'invalid_target' ? 'FORBIDDEN' : 'UNAUTHORIZED';
  const advice =
    code === 'FORBIDDEN'
      ? 'Ask for a scope and audience that the client may have'
      : 'Check the client id and secret, and whether the server wants them as basic or post';
  return new CapstanError(code, `${says}. ${advice}.`, { details });
};

const errorIn = async (response: Response): Promise<string | undefined> => {
  try {
    const body: unknown = JSON.parse(await response.text());
    const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined;
    return typeof error === 'string' && knownErrors.has(error) ? error : undefined;
  } catch {
    // The status says enough.
    return undefined;
  }
};
