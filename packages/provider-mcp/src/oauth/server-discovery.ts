import {
  checkResourceAllowed,
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  resourceUrlFromServerUrl,
  type AuthorizationServerMetadata,
  type FetchLike,
  type OAuthProtectedResourceMetadata,
} from '@modelcontextprotocol/client';
import type { Challenge } from './challenge.ts';
import { issuerRefused, unsafeAnswer, type OAuthScene } from './oauth-failure.ts';

/** The authorization server of one MCP server, as its documents describe it. */
export interface AuthorizationServer {
  /** Its identity: `issuer` of its metadata, or its URL where it publishes none. */
  readonly issuer: string;
  readonly url: string;
  readonly metadata?: AuthorizationServerMetadata | undefined;
  /** The resource indicator that tokens are asked for (RFC 8707), as the MCP server writes it. */
  readonly resource?: string | undefined;
  /** The scopes that the MCP server lists (RFC 9728). */
  readonly resourceScopes?: readonly string[] | undefined;
  /** The MCP server takes no token without proof of possession. */
  readonly dpopRequired: boolean;
  /** Neither document was found: only conventions of the revision 2025-03-26 are left. */
  readonly guessed: boolean;
}

export interface DiscoveryRequest {
  readonly serverUrl: URL;
  readonly challenge?: Challenge | undefined;
  /** Throws where none of the authorization servers that the MCP server names is this one. */
  readonly declaredIssuer?: string | undefined;
  /** Taken if it is still among them. */
  readonly preferredIssuer?: string | undefined;
  readonly scene: OAuthScene;
  readonly fetch: FetchLike;
}

/** RFC 9728, then RFC 8414 or OpenID Connect Discovery. Throws `UpstreamError`, or what the SDK and the egress throw. */
export async function discoverServer(request: DiscoveryRequest): Promise<AuthorizationServer> {
  const { serverUrl, challenge, declaredIssuer, scene, fetch: fetchFn } = request;
  const document = await resourceMetadata(serverUrl, challenge?.resourceMetadataUrl, fetchFn);
  if (document !== undefined) checkResource(serverUrl, document, scene);
  const url = chooseServer(document, request);
  const metadata = await discoverAuthorizationServerMetadata(url, { fetchFn });
  const issuer = metadata?.issuer ?? url;
  if (declaredIssuer !== undefined && !isSameIssuer(issuer, declaredIssuer))
    throw issuerRefused(scene, declaredIssuer, [issuer]);
  return {
    issuer,
    url,
    metadata,
    resource: document?.resource,
    resourceScopes: document?.scopes_supported,
    dpopRequired: document?.dpop_bound_access_tokens_required === true,
    guessed: document === undefined && metadata === undefined,
  };
}

/** What the SDK's types do not name for both kinds of metadata. */
export function metadataField(metadata: AuthorizationServer['metadata'], name: string): unknown {
  return metadata === undefined ? undefined : Object.entries(metadata).find(([key]) => key === name)?.[1];
}

/** Equal but for one slash at the end, which the SDK's own discovery adds. */
export function isSameIssuer(one: string, other: string): boolean {
  return one === other || `${one}/` === other || one === `${other}/`;
}

/** Undefined where the server publishes none; what the network did goes on as it is. */
async function resourceMetadata(
  serverUrl: URL,
  resourceMetadataUrl: URL | undefined,
  fetchFn: FetchLike,
): Promise<OAuthProtectedResourceMetadata | undefined> {
  let failure: { readonly error: unknown } | undefined;
  const recordingFetch: FetchLike = async (url, init) => {
    try {
      return await fetchFn(url, init);
    } catch (error) {
      failure = { error };
      throw error;
    }
  };
  try {
    return await discoverOAuthProtectedResourceMetadata(
      serverUrl,
      resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl },
      recordingFetch,
    );
  } catch {
    // The SDK has one kind of error for "no such document" and for an unreadable one: both mean that there is nothing to go by.
    if (failure !== undefined) throw failure.error;
    return undefined;
  }
}

function checkResource(serverUrl: URL, { resource }: OAuthProtectedResourceMetadata, scene: OAuthScene): void {
  const requestedResource = resourceUrlFromServerUrl(serverUrl);
  if (URL.canParse(resource) && checkResourceAllowed({ requestedResource, configuredResource: resource })) return;
  throw unsafeAnswer(
    scene,
    `the metadata of ${scene.where} is that of another resource (RFC 9728 §3.3). No token is fetched for it`,
    'resource-mismatch',
  );
}

function chooseServer(document: OAuthProtectedResourceMetadata | undefined, request: DiscoveryRequest): string {
  const { serverUrl, declaredIssuer, preferredIssuer, scene } = request;
  const named = document?.authorization_servers ?? [];
  const [first] = named;
  if (first === undefined) return declaredIssuer ?? new URL('/', serverUrl).href;
  if (declaredIssuer !== undefined) {
    const declared = named.find((url) => isSameIssuer(url, declaredIssuer));
    if (declared === undefined) throw issuerRefused(scene, declaredIssuer, named);
    return declared;
  }
  return named.find((url) => preferredIssuer !== undefined && isSameIssuer(url, preferredIssuer)) ?? first;
}
