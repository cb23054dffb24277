import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv';
import { expect, test } from 'vitest';
import type { Metadata } from '@capstan/provider';
import { createHarness } from './harness.ts';

function isValid(metadata: Metadata): boolean {
  const { plugin } = createHarness();
  const validate = new AjvJsonSchemaValidator().getValidator(structuredClone(plugin.metadataSchema));
  return validate(metadata).valid;
}

const http = { mcp_server_url: 'https://a.example/mcp', mcp_tool_name: 'echo' };
const stdio = { mcp_command: 'server', mcp_tool_name: 'echo' };

test.each<[Metadata]>([
  [http],
  [stdio],
  [{ ...http, mcp_requires_session: true }],
  [{ ...http, mcp_requires_session: 'false' }],
  [{ ...http, mcp_auth: 'bearer', mcp_auth_env_var: 'TOKEN', mcp_auth_scheme: '', mcp_auth_header: 'X-Api-Key' }],
  [{ ...http, mcp_server_url_override_env_var: 'MCP_URL' }],
  [{ ...stdio, mcp_args: 'a\nb', mcp_cwd: '.', mcp_env: 'A=B', mcp_transport: 'stdio', mcp_protocol: 'legacy' }],
  [{ mcp_server_url: 'https://a.example/mcp', mcp_resource_uri: 'x://y' }],
  [{ ...http, ...stdio, mcp_transport: 'http' }],
  [{ ...stdio, mcp_env: '\n  A=B \r\nhttp_proxy=HTTP_PROXY\n' }],
  [{ ...stdio, mcp_command: 'C:\\Program Files\\nodejs\\node.exe' }],
])('accepts %j', (metadata) => {
  expect(isValid(metadata)).toBe(true);
});

test.each<[Metadata]>([
  [{}],
  [{ mcp_tool_name: 'echo' }],
  [{ mcp_server_url: 'https://a.example/mcp' }],
  [{ ...http, mcp_prompt_name: 'greet' }],
  [{ ...http, mcp_toolname: 'echo' }],
  [{ ...http, mcp_typo_override_env_var: 'X' }],
  [{ ...http, mcp_requires_session: 'yes' }],
  [{ ...http, mcp_requires_session: 1 }],
  [{ ...http, mcp_transport: 'websocket' }],
  [{ ...http, mcp_auth: 'bearer' }],
  [{ ...http, mcp_auth_env_var: 'not a name' }],
  [{ ...http, mcp_probe_timeout_ms: 0 }],
  [{ ...http, mcp_server_url: 'a.example' }],
  [{ ...http, mcp_transport: 'stdio' }],
  [{ ...stdio, mcp_transport: 'http' }],
  [{ ...http, ...stdio }],
  [{ ...stdio, mcp_command: 'npx -y pkg' }],
  [{ ...stdio, mcp_command: 'npx -y @scope/pkg' }],
  [{ ...stdio, mcp_command: './server --port 3' }],
  [{ ...stdio, mcp_env: 'API_KEY' }],
  [{ ...stdio, mcp_env: 'API_KEY=hunter2' }],
  [{ ...stdio, mcp_env: 'A=B\nAPI_KEY=sk-canary' }],
])('refuses %j', (metadata) => {
  expect(isValid(metadata)).toBe(false);
});

test('describes every key, and gives a default where there is one for all', () => {
  const { plugin } = createHarness();
  const properties = plugin.metadataSchema['properties'] as Record<string, { description?: string; default?: unknown }>;
  for (const [key, { description }] of Object.entries(properties)) expect(description, key).toMatch(/\.$|`\.?$/);
  const defaults = Object.entries(properties).flatMap(([key, value]) =>
    'default' in value ? [[key, value.default]] : [],
  );
  expect(Object.fromEntries(defaults)).toEqual({
    mcp_allow_insecure: false,
    mcp_protocol: 'auto',
    mcp_requires_session: 'auto',
    mcp_probe_timeout_ms: 5000,
    mcp_auth_header: 'Authorization',
    mcp_auth_scheme: 'Bearer',
    mcp_client_capabilities: 'elicitation',
    mcp_normalize_envelope: false,
    mcp_oauth_client_auth: 'basic',
    mcp_output_validation: 'warn',
    mcp_subscribe: false,
  });
});
