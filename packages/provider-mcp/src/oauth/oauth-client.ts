import { isHttpsUrl, registerClient, type AddClientAuthentication, type FetchLike } from '@modelcontextprotocol/client';
import type { OAuthSource } from '../auth-source.ts';
import { parseSigningKey } from './client-assertion.ts';
import {
  assertionAuthentication,
  publicAuthentication,
  registeredAuthentication,
  secretAuthentication,
} from './client-authentication.ts';
import { registrationRefused, unsafeAnswer, type OAuthScene } from './oauth-failure.ts';
import type { AuthorizationServer } from './server-discovery.ts';

/** Who we are to one authorization server, as kept with a sign-in. A secret is kept only where the server made it for us. */
export interface KeptClient {
  /** `configured`: registered by hand. `metadata`: a client ID metadata document. `dynamic`: registered by ourselves (RFC 7591). */
  readonly kind: 'configured' | 'metadata' | 'dynamic';
  readonly clientId: string;
  readonly clientSecret?: string | undefined;
  readonly authMethod?: string | undefined;
  readonly redirectUris?: readonly string[] | undefined;
}

export interface OAuthClient {
  readonly kept: KeptClient;
  readonly authenticate: AddClientAuthentication;
}

/** The value of a variable that metadata names. Throws `UNAUTHORIZED` where it is not set. */
export type ReadVariable = (variable: string, namedBy: string) => Promise<string>;

/** The client that variables describe, or undefined where they describe none. */
export async function configuredClient(
  auth: OAuthSource,
  read: ReadVariable,
  scene: OAuthScene,
): Promise<OAuthClient | undefined> {
  if (auth.clientIdEnvVar === undefined) return undefined;
  const clientId = (await read(auth.clientIdEnvVar, 'mcp_oauth_client_id_env_var')).trim();
  return { kept: { kind: 'configured', clientId }, authenticate: await proofOf(clientId, auth, read, scene) };
}

export interface RegistrationRequest {
  readonly auth: OAuthSource;
  readonly read: ReadVariable;
  readonly server: AuthorizationServer;
  /** Registered with this server before. */
  readonly known: KeptClient | undefined;
  readonly redirectUrl: string;
  readonly clientName: string;
  readonly scopes: readonly string[];
  readonly scene: OAuthScene;
  readonly fetch: FetchLike;
}

/** In the order of the MCP specification: registered by hand, metadata document, registering ourselves. */
export async function clientForSignIn(request: RegistrationRequest): Promise<OAuthClient> {
  const { auth, read, server, known, redirectUrl, clientName, scopes, scene, fetch: fetchFn } = request;
  const configured = await configuredClient(auth, read, scene);
  if (configured !== undefined) return configured;
  const { clientMetadataUrl } = auth;
  if (isHttpsUrl(clientMetadataUrl) && server.metadata?.client_id_metadata_document_supported === true)
    return describedClient(clientMetadataUrl ?? '', auth, read, scene);
  if (known?.kind === 'dynamic' && known.redirectUris?.includes(redirectUrl) === true) return dynamicClient(known);
  if (server.metadata !== undefined && server.metadata.registration_endpoint === undefined)
    throw registrationRefused(scene);
  const registered = await registerClient(server.url, {
    ...(server.metadata === undefined ? {} : { metadata: server.metadata }),
    clientMetadata: {
      client_name: clientName,
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      application_type: 'native',
    },
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
    fetchFn,
  });
  return dynamicClient({
    kind: 'dynamic',
    clientId: registered.client_id,
    clientSecret: registered.client_secret,
    authMethod: registered.token_endpoint_auth_method,
    redirectUris: [redirectUrl],
  });
}

/** The client that a sign-in belongs to, or undefined where it has changed since, so that the sign-in is worth nothing. */
export async function restoreClient(
  kept: KeptClient,
  auth: OAuthSource,
  read: ReadVariable,
  scene: OAuthScene,
): Promise<OAuthClient | undefined> {
  switch (kept.kind) {
    case 'configured': {
      const configured = await configuredClient(auth, read, scene);
      return configured?.kept.clientId === kept.clientId ? configured : undefined;
    }
    case 'metadata':
      return kept.clientId === auth.clientMetadataUrl ? describedClient(kept.clientId, auth, read, scene) : undefined;
    case 'dynamic':
      return dynamicClient(kept);
  }
}

async function describedClient(
  clientId: string,
  auth: OAuthSource,
  read: ReadVariable,
  scene: OAuthScene,
): Promise<OAuthClient> {
  return { kept: { kind: 'metadata', clientId }, authenticate: await proofOf(clientId, auth, read, scene) };
}

function dynamicClient(kept: KeptClient): OAuthClient {
  const { clientId, clientSecret, authMethod } = kept;
  const authenticate = registeredAuthentication({
    client_id: clientId,
    redirect_uris: [],
    ...(clientSecret === undefined ? {} : { client_secret: clientSecret }),
    ...(authMethod === undefined ? {} : { token_endpoint_auth_method: authMethod }),
  });
  return { kept, authenticate };
}

async function proofOf(
  clientId: string,
  auth: OAuthSource,
  read: ReadVariable,
  scene: OAuthScene,
): Promise<AddClientAuthentication> {
  const { clientSecretEnvVar, privateKeyEnvVar, clientAuth } = auth;
  if (privateKeyEnvVar !== undefined) {
    const signingKey = parseSigningKey(await read(privateKeyEnvVar, 'mcp_oauth_private_key_env_var'));
    if (signingKey === undefined)
      throw unsafeAnswer(
        scene,
        `${privateKeyEnvVar} holds no private key that can sign: RSA, EC (P-256, P-384, P-521) or Ed25519, as PKCS#8 in PEM`,
        'private-key-unreadable',
      );
    return assertionAuthentication(clientId, signingKey);
  }
  if (clientSecretEnvVar === undefined || clientAuth === 'none') return publicAuthentication(clientId);
  const secret = (await read(clientSecretEnvVar, 'mcp_oauth_client_secret_env_var')).trim();
  return secretAuthentication(clientId, secret, clientAuth);
}
