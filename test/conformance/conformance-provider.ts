import type { Provider } from '@capstan/provider';
import { type AuthorizationGrant, mcpProvider } from '@capstan/provider-mcp';
import { createMemoryTokenStore } from '@capstan/provider-mcp/oauth';
import type { ScenarioContext } from './scenario.ts';

/** The MCP provider, with somebody at hand who signs in whenever a server asks for it. */
export function conformanceProvider(context: ScenarioContext): Provider {
  return mcpProvider({
    tokens: createMemoryTokenStore(),
    authorize: signIn,
    authorizationGrant: assertionFor(context),
  });
}

/** The suite's authorization servers ask no questions: they send the person straight back. */
async function signIn(url: URL): Promise<URL> {
  const response = await fetch(url, { redirect: 'manual' });
  await response.body?.cancel();
  const location = response.headers.get('location');
  if (location === null) throw new Error(`The authorization server answered the sign-in with ${response.status}.`);
  return new URL(location, url);
}

/** The workload's own token, or what the enterprise's identity provider gives for the person's (RFC 8693). */
function assertionFor(context: ScenarioContext): AuthorizationGrant {
  return async ({ issuer, resource }) => {
    const { valid_jwt, idp_token_endpoint, idp_client_id, idp_id_token } = context;
    if (idp_token_endpoint === undefined) return valid_jwt;
    const response = await fetch(idp_token_endpoint, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
        requested_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
        subject_token: idp_id_token ?? '',
        client_id: idp_client_id ?? '',
        audience: issuer,
        resource,
      }),
    });
    const { access_token } = (await response.json()) as { readonly access_token?: string };
    return access_token;
  };
}
