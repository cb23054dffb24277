import type { Capability, Metadata } from '@capstan/provider';
import type { Authorize, McpProviderOptions } from '@capstan/provider-mcp';
import { createMemoryTokenStore } from '@capstan/provider-mcp/oauth';
import { capabilityOf, createHarness, type Harness } from './harness.ts';

/** A person who agrees at once: a real request to the page where they sign in, which sends them back. */
export const agree: Authorize = async (url) => {
  const response = await fetch(url, { redirect: 'manual' });
  await response.body?.cancel();
  const location = response.headers.get('location');
  if (location === null) throw new Error(`The authorization server answered ${response.status}.`);
  return new URL(location);
};

/** The plugin with a store of its own, so that nothing is kept in the user's folder. */
export function createOAuthHarness(provider: McpProviderOptions = {}): Harness {
  return createHarness({ provider: { tokens: createMemoryTokenStore(), ...provider } });
}

export function personCapability(url: string, metadata: Metadata = {}): Capability {
  return capabilityOf({ mcp_server_url: url, mcp_auth: 'oauth2_code', ...metadata }, { id: 'mcp.guarded.echo' });
}

export function machineCapability(url: string, metadata: Metadata = {}): Capability {
  return capabilityOf(
    {
      mcp_server_url: url,
      mcp_auth: 'oauth2',
      mcp_oauth_client_id_env_var: 'CLIENT_ID',
      mcp_oauth_client_secret_env_var: 'CLIENT_SECRET',
      ...metadata,
    },
    { id: 'mcp.guarded.echo' },
  );
}
