import type { JsonObject } from '@capstan/provider';

/** One scenario of the suite, as manifests and calls can put it. */
export interface Scenario {
  readonly url: string;
  /** `mcp_*` keys beside the server's address. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Variables that the metadata names. */
  readonly environment: Readonly<Record<string, string>>;
  readonly context: ScenarioContext;
}

/** What the suite tells of a scenario (`MCP_CONFORMANCE_CONTEXT`), as far as ours needs it. */
export interface ScenarioContext {
  /** The calls that it prescribes. */
  readonly toolCalls?: readonly { readonly name: string; readonly arguments: JsonObject }[];
  readonly client_id?: string;
  readonly client_secret?: string;
  readonly private_key_pem?: string;
  /** The token of a workload. */
  readonly valid_jwt?: string;
  /** An enterprise's identity provider, and a person's token there. */
  readonly idp_token_endpoint?: string;
  readonly idp_client_id?: string;
  readonly idp_id_token?: string;
}

/** Where the suite expects the document that introduces us, which it never fetches. */
const clientMetadataUrl = 'https://conformance-test.local/client-metadata.json';

export function readScenario(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Scenario {
  const url = argv.at(-1);
  const name = environment['MCP_CONFORMANCE_SCENARIO'];
  if (url === undefined || !URL.canParse(url) || name === undefined)
    throw new Error('Run by the conformance suite: a URL as argument, the scenario in MCP_CONFORMANCE_SCENARIO.');
  const context = JSON.parse(environment['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as ScenarioContext;
  const isModern = environment['MCP_CONFORMANCE_PROTOCOL_VERSION'] === '2026-07-28';
  return {
    url,
    metadata: {
      mcp_protocol: isModern ? 'modern' : 'legacy',
      ...(name.startsWith('auth/') ? authMetadata(name, context) : {}),
    },
    environment: {
      ...(context.client_id === undefined ? {} : { CLIENT_ID: context.client_id }),
      ...(context.client_secret === undefined ? {} : { CLIENT_SECRET: context.client_secret }),
      ...(context.private_key_pem === undefined ? {} : { PRIVATE_KEY: context.private_key_pem }),
    },
    context,
  };
}

/** Scenarios in which nobody signs in: the program, the workload or the enterprise is trusted beforehand. */
const unattended = /^auth\/(?:client-credentials-|enterprise-|wif-)/;

function authMetadata(name: string, context: ScenarioContext): Readonly<Record<string, string>> {
  return {
    mcp_auth: unattended.test(name) ? 'oauth2' : 'oauth2_code',
    mcp_oauth_metadata_url: clientMetadataUrl,
    ...(context.client_id === undefined ? {} : { mcp_oauth_client_id_env_var: 'CLIENT_ID' }),
    ...(context.valid_jwt === undefined ? {} : { mcp_oauth_client_auth: 'none' }),
    ...(context.client_secret === undefined ? {} : { mcp_oauth_client_secret_env_var: 'CLIENT_SECRET' }),
    ...(context.private_key_pem === undefined ? {} : { mcp_oauth_private_key_env_var: 'PRIVATE_KEY' }),
  };
}
