import type { OAuthClient } from './oauth-client.ts';
import { metadataField } from './server-discovery.ts';
import type { TokenRequest } from './token-requests.ts';

/** Tells the authorization server to forget a sign-in (RFC 7009). Resolves with whether it did; a server without such an endpoint cannot. */
export async function revokeToken(
  { server, client, fetch }: Omit<TokenRequest, 'dpop'> & { readonly client: OAuthClient },
  token: string,
  hint: 'refresh_token' | 'access_token',
): Promise<boolean> {
  const endpoint = metadataField(server.metadata, 'revocation_endpoint');
  if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) return false;
  const headers = new Headers({ 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' });
  const parameters = new URLSearchParams({ token, token_type_hint: hint });
  await client.authenticate(headers, parameters, endpoint, server.metadata);
  const response = await fetch(new URL(endpoint), { method: 'POST', headers, body: parameters });
  await response.body?.cancel();
  return response.ok;
}
