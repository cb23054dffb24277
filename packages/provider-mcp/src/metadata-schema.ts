import type { JsonObject, JsonSchema } from '@capstan/provider';
import { metadataKeys, type MetadataKey } from './metadata-keys.ts';

/** Secrets' variables are names already: there is nothing to override. */
const overridable = Object.keys(metadataKeys).filter((key) => !key.endsWith('_env_var'));

/** Schema of the flat `mcp_*` keys of one capability, after the keys of its file are merged in. */
export const metadataSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'MCP metadata',
  type: 'object',
  properties: metadataKeys,
  patternProperties: {
    [`^(${overridable.join('|')})_override_env_var$`]: {
      type: 'string',
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      description: 'Name of a variable whose value, where it is set, replaces the key.',
    },
  },
  additionalProperties: false,
  allOf: [
    {
      if: { properties: { mcp_transport: { enum: ['http', 'sse'] } }, required: ['mcp_transport'] },
      // oxlint-disable-next-line unicorn/no-thenable
      then: needs('mcp_server_url', 'mcp_transport: http and sse talk to this URL'),
      else: {
        if: { properties: { mcp_transport: { const: 'stdio' } }, required: ['mcp_transport'] },
        // oxlint-disable-next-line unicorn/no-thenable
        then: needs('mcp_command', 'mcp_transport: stdio starts this executable'),
        else: { anyOf: [{ required: ['mcp_server_url'] }, { required: ['mcp_command'] }] },
      },
    },
    {
      if: { required: ['mcp_server_url', 'mcp_command'] },
      // oxlint-disable-next-line unicorn/no-thenable
      then: {
        properties: {
          mcp_transport: {
            enum: ['http', 'stdio', 'sse'],
            description: 'mcp_server_url and mcp_command are both given: say which of them counts, or delete the other',
          },
        },
        required: ['mcp_transport'],
      },
    },
    {
      oneOf: [
        { required: ['mcp_tool_name'] },
        { required: ['mcp_prompt_name'] },
        { required: ['mcp_resource_uri'] },
        { required: ['mcp_resource_template'] },
      ],
    },
    {
      if: { properties: { mcp_auth: { const: 'bearer' } }, required: ['mcp_auth'] },
      then: { required: ['mcp_auth_env_var'] },
    },
    {
      if: { properties: { mcp_auth: { const: 'oauth2' } }, required: ['mcp_auth'] },
      then: {
        required: ['mcp_oauth_client_id_env_var'],
        anyOf: [
          { required: ['mcp_oauth_client_secret_env_var'] },
          { required: ['mcp_oauth_private_key_env_var'] },
          { properties: { mcp_oauth_client_auth: { const: 'none' } }, required: ['mcp_oauth_client_auth'] },
        ],
      },
    },
  ],
};

function needs(key: MetadataKey, why: string): JsonObject {
  return { properties: { [key]: { type: 'string', description: why } }, required: [key] };
}
