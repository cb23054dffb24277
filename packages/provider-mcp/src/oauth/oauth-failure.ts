import {
  AuthorizationServerMismatchError,
  IssuerMismatchError,
  OAuthError,
  RegistrationRejectedError,
} from '@modelcontextprotocol/client';
import { EgressError } from '@capstan/http-egress';
import { CapstanError, type Capability, type JsonObject } from '@capstan/provider';
import { UpstreamError, strikeOut } from '../upstream-error.ts';

/** For whom and towards whom something failed. */
export interface OAuthScene {
  readonly capability: Capability;
  /** The MCP server, for people. */
  readonly where: string;
}

/** Nobody has signed in, or the sign-in is no longer worth anything. Nothing was sent: a person has to act. */
export function signInMissing(scene: OAuthScene, why: string, scopes: readonly string[] = []): UpstreamError {
  const login = loginCommand(scene.capability, scopes);
  return refusal('UNAUTHORIZED', scene, `${why}: run ${login}`, { reason: 'sign-in-missing', login });
}

/** The token is good, but not for this. */
export function scopesMissing(
  scene: OAuthScene,
  scopes: readonly string[],
  remedy: { readonly login: boolean },
): UpstreamError {
  const wanted = scopes.length === 0 ? 'more rights' : `the scope ${scopes.map(shown).join(' ')}`;
  const login = remedy.login ? loginCommand(scene.capability, scopes) : undefined;
  const what = `${scene.where} asks for ${wanted}, which the credentials do not have`;
  return refusal('FORBIDDEN', scene, login === undefined ? what : `${what}: run ${login}`, {
    reason: 'insufficient-scope',
    scopes: scopes.map(shown),
    ...(login === undefined ? {} : { login }),
  });
}

/** Another authorization server than the one that our credentials are meant for. It gets nothing. */
export function issuerRefused(scene: OAuthScene, expected: string, named: readonly string[]): UpstreamError {
  const others = named.length === 0 ? 'another one' : named.map(shown).join(', ');
  return refusal(
    'UNAUTHORIZED',
    scene,
    `${scene.where} names ${others} as its authorization server, and the credentials are meant for ${shown(expected)}. Nothing was sent there; if the change is meant, set mcp_oauth_issuer`,
    { reason: 'issuer-mismatch', expected: shown(expected), named: named.map(shown) },
    'fatal',
  );
}

export function unsafeAnswer(scene: OAuthScene, what: string, reason: string): UpstreamError {
  return refusal('UNAUTHORIZED', scene, what, { reason }, 'fatal');
}

/** The server refuses a token that was fetched for this very request. */
export function tokenRefused(scene: OAuthScene): UpstreamError {
  return new UpstreamError(
    'UNAUTHORIZED',
    `${scene.capability.id}: ${scene.where} refuses a fresh access token (HTTP 401). Check mcp_oauth_scope, mcp_oauth_issuer and what the client may do there.`,
    { kind: 'unauthorized', sent: false },
    { details: { ...detailsOf(scene), status: 401 } },
  );
}

/**
 * What went wrong between us and an authorization server. Its texts may repeat what it was sent, so only codes are kept of them, and no cause: those
 * of the SDK quote whole answers.
 */
export function authorizationFailed(error: unknown, scene: OAuthScene, secrets: Iterable<string>): CapstanError {
  if (error instanceof EgressError) return unreachable(error, scene);
  if (CapstanError.isInstance(error)) return error;
  if (error instanceof IssuerMismatchError)
    return unsafeAnswer(
      scene,
      error.kind === 'metadata'
        ? `the metadata of the authorization server of ${scene.where} is that of another one (RFC 8414 §3.3)`
        : `the answer to the sign-in does not come from the authorization server of ${scene.where} (RFC 9207)`,
      'issuer-mismatch',
    );
  if (error instanceof AuthorizationServerMismatchError)
    return issuerRefused(scene, error.recordedIssuer, [error.currentIssuer]);
  if (error instanceof OAuthError && busy.includes(error.code))
    return unusable(scene, 'has a failure of its own', error);
  if (error instanceof OAuthError) {
    const said = strikeOutAnyForm(error.message, [...secrets]);
    const code = /^[\w-]{1,64}$/.test(error.code) ? error.code : 'an error';
    const description = said === code ? '' : ` (${shown(said)})`;
    return refusal('UNAUTHORIZED', scene, `the authorization server of ${scene.where} answered ${code}${description}`, {
      reason: 'refused',
      oauthError: code,
    });
  }
  if (error instanceof RegistrationRejectedError) return registrationRefused(scene, { status: error.status });
  if (error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError'))
    return new UpstreamError(
      'TIMEOUT',
      `${scene.capability.id}: the authorization server of ${scene.where} did not answer in time.`,
      { kind: 'transient', sent: false },
      { details: detailsOf(scene) },
    );
  return unusable(scene, 'answered with something else than OAuth', error);
}

/** Whatever reached the authorization server: of the call itself nothing was sent. */
function unreachable(error: EgressError, scene: OAuthScene): UpstreamError {
  return new UpstreamError(
    error.code,
    `${scene.capability.id}: no answer of the authorization server of ${scene.where}: ${error.message}`,
    { kind: error.reason === 'network' ? 'transient' : 'fatal', sent: false },
    { details: { ...error.details, ...detailsOf(scene) }, cause: error },
  );
}

/** Into the first of these the SDK turns whatever it cannot read, with the whole body as its message. */
const busy: readonly string[] = ['server_error', 'temporarily_unavailable', 'too_many_requests'];

function unusable(scene: OAuthScene, what: string, error: unknown): UpstreamError {
  return new UpstreamError(
    'UPSTREAM_ERROR',
    `${scene.capability.id}: the authorization server of ${scene.where} ${what}.`,
    { kind: 'transient', sent: false },
    { details: { ...detailsOf(scene), reason: error instanceof Error ? error.name : 'unknown' } },
  );
}

/** The authorization server lets nobody register himself, or not us. */
export function registrationRefused(scene: OAuthScene, details: JsonObject = {}): UpstreamError {
  return refusal(
    'UNAUTHORIZED',
    scene,
    `the authorization server of ${scene.where} registers no client by itself. Register one there and name its id in mcp_oauth_client_id_env_var`,
    { reason: 'registration-refused', ...details },
  );
}

function loginCommand({ id }: Capability, scopes: readonly string[]): string {
  return `capstan login ${id}${scopes.length === 0 ? '' : ` --scope "${scopes.map(shown).join(' ')}"`}`;
}

function refusal(
  code: 'UNAUTHORIZED' | 'FORBIDDEN',
  scene: OAuthScene,
  what: string,
  details: JsonObject,
  kind: 'caller' | 'fatal' = 'caller',
): UpstreamError {
  return new UpstreamError(
    code,
    `${scene.capability.id}: ${what}.`,
    { kind, sent: false },
    { details: { ...detailsOf(scene), ...details } },
  );
}

function detailsOf({ where }: OAuthScene): JsonObject {
  return { server: where };
}

/** What was sent may come back as forms and basic authentication write it. */
function strikeOutAnyForm(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap((value) => [value, new URLSearchParams([['', value]]).toString().slice(1)]);
  return strikeOut(text, forms).replaceAll(/[\w+/-]{8,}/g, (run) => {
    const decoded = Buffer.from(run, 'base64').toString('utf8');
    return strikeOut(decoded, forms) === decoded ? run : '[secret]';
  });
}

/** Words of a server, fit for a message and a command line: one line, no quotes, not long. */
function shown(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]|["'`$!\\]/g, '?').slice(0, 200);
}
