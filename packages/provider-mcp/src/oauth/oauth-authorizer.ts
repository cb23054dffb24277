import type { FetchLike } from '@modelcontextprotocol/client';
import type { Egress } from '@capstan/http-egress';
import type { Caller, Logger, SecretSource } from '@capstan/provider';
import { readSecret } from '../auth-provider.ts';
import type { OAuthSource } from '../auth-source.ts';
import type { CallContext } from '../call-context.ts';
import { ExpiringMap } from '../expiring-map.ts';
import type { HttpTarget } from '../mcp-target.ts';
import type { HttpAuth } from '../wire/http-auth.ts';
import type { Authorize } from './authorize.ts';
import { createFileTokenStore } from './file-token-store.ts';
import { machineKey, signInKey } from './credential-key.ts';
import { MachineTokens, type AuthorizationGrant } from './machine-tokens.ts';
import { OAuthCredential } from './oauth-credential.ts';
import { createOAuthHttpAuth } from './oauth-http-auth.ts';
import type { ReadVariable } from './oauth-client.ts';
import { PersonTokens } from './person-tokens.ts';
import type { TokenSource } from './token-source.ts';
import type { TokenStore } from './token-store.ts';
import { fetchByTrust } from './url-trust.ts';

/** What a host app may say about OAuth. */
export interface OAuthOptions {
  /** Where people's sign-ins are kept. Default: encrypted files in the user's data folder (`CAPSTAN_DATA_DIR`). */
  readonly tokens?: TokenStore;
  /** Signs a person in while a call waits. Default: the call fails and names `capstan login`. */
  readonly authorize?: Authorize;
  /** Where `authorize` waits for the answer. Default `http://127.0.0.1/callback`. */
  readonly redirectUrl?: string;
  readonly authorizationGrant?: AuthorizationGrant;
}

export interface OAuthAuthorizerOptions extends OAuthOptions {
  readonly secrets: SecretSource;
  readonly logger: Logger;
  /** For the requests to authorization servers. */
  readonly egress: Pick<Egress, 'fetchAs'>;
  /** Aborts when the runtime closes. */
  readonly signal: AbortSignal;
  /** How we introduce ourselves to authorization servers that register clients. Default `capstan`. */
  readonly clientName?: string;
}

/** Gets, keeps and renews the access tokens of one plugin (MCP authorization; OAuth 2.1). */
export interface OAuthAuthorizer {
  /** What proves to `target` who calls. Cheap: everything is kept for the authorizer's life, not with what this returns. */
  httpAuth(target: HttpTarget, auth: OAuthSource): HttpAuth;
}

/** Credentials that are held at once; beyond, those used least recently begin anew. */
const maxCredentials = 1_000;

export function createOAuthAuthorizer(options: OAuthAuthorizerOptions): OAuthAuthorizer {
  const { signal } = options;
  const store = options.tokens ?? createFileTokenStore();
  const credentials = new ExpiringMap<OAuthCredential>({ ttlMs: Infinity, maxEntries: maxCredentials });

  async function credentialOf(target: HttpTarget, auth: OAuthSource, context: CallContext): Promise<OAuthCredential> {
    const { caller } = context;
    const key = isPerson(auth)
      ? signInKey(target, auth, caller)
      : machineKey(target, auth, caller, await secretsOf(auth, readWith(options.secrets, context)));
    const source = { target, auth, caller, key, options: { ...options, store } };
    const credential = credentials.get(key) ?? new OAuthCredential(createSource(source), signal);
    credentials.set(key, credential);
    return credential;
  }

  return {
    httpAuth: (target, auth) =>
      createOAuthHttpAuth({
        serverUrl: target.url,
        where: target.where,
        credentialOf: (context) => credentialOf(target, auth, context),
        signal,
      }),
  };
}

export interface SourceRequest {
  readonly target: HttpTarget;
  readonly auth: OAuthSource;
  readonly caller: Caller;
  readonly key: string;
  readonly options: Omit<OAuthAuthorizerOptions, 'tokens'> & { readonly store: TokenStore };
}

function createSource(request: SourceRequest): TokenSource {
  const { target, auth, options } = request;
  const { logger, authorizationGrant } = options;
  return isPerson(auth)
    ? createPersonTokens(request)
    : new MachineTokens({
        target,
        auth,
        fetch: fetchFor(request),
        logger,
        authorizationGrant,
        readWith: ({ context }) => readWith(options.secrets, context),
      });
}

export function createPersonTokens(request: SourceRequest): PersonTokens {
  const { target, auth, caller, key, options } = request;
  const { secrets, store, authorize, redirectUrl = 'http://127.0.0.1/callback', clientName = 'capstan' } = options;
  return new PersonTokens({
    target,
    auth,
    caller,
    key,
    store,
    fetch: fetchFor(request),
    clientName,
    authorize,
    redirectUrl: new URL(redirectUrl),
    readWith: (renewal) => readWith(secrets, renewal.context),
  });
}

function fetchFor({ target, auth, options }: SourceRequest): FetchLike {
  const { allowInsecure, url } = target;
  const issuer = auth.issuer === undefined ? null : URL.parse(auth.issuer);
  const declared = issuer === null ? [url] : [url, issuer];
  return fetchByTrust((rules) => options.egress.fetchAs(rules), { declared, allowInsecure });
}

function isPerson({ grant }: OAuthSource): boolean {
  return grant === 'authorization-code';
}

function readWith(secrets: SecretSource, context: CallContext): ReadVariable {
  return (variable, namedBy) => readSecret(secrets, variable, context, namedBy);
}

async function secretsOf(auth: OAuthSource, read: ReadVariable): Promise<readonly string[]> {
  const variables = [
    [auth.clientIdEnvVar, 'mcp_oauth_client_id_env_var'],
    [auth.clientSecretEnvVar, 'mcp_oauth_client_secret_env_var'],
    [auth.privateKeyEnvVar, 'mcp_oauth_private_key_env_var'],
  ] as const;
  return Promise.all(
    variables.map(async ([variable, namedBy]) => (variable === undefined ? '' : read(variable, namedBy))),
  );
}
