import type { JsonObject, JsonSchema } from '@capstan/provider';
import { environmentPattern } from './child-environment.ts';

const keys = {
  mcp_transport: {
    enum: ['http', 'stdio'],
    description:
      'How the server is reached: `http` (Streamable HTTP) or `stdio` (a process). Default: `stdio` if `mcp_command` is set, else `http`.',
  },
  mcp_server_url: {
    type: 'string',
    pattern: '^https?://',
    description:
      'The MCP endpoint of a server over HTTP, for example `https://api.example.com/mcp`. No credentials in it.',
  },
  mcp_allow_insecure: {
    type: 'boolean',
    default: false,
    description: 'Allows plain `http://` to a host other than loopback.',
  },
  mcp_command: {
    type: 'string',
    minLength: 1,
    not: unlike(
      // The folders of a path may have spaces in their names.
      String.raw`^\S*$|^[^\s/\\]*[/\\](?!.*\s-)`,
      'Write the executable alone and its arguments in mcp_args, one a line: `npx -y pkg` is mcp_command: npx and mcp_args: ["-y", "pkg"]',
    ),
    examples: ['npx'],
    description:
      'The executable of a server over stdio, without arguments: these are `mcp_args`. Started directly, never through a shell.',
  },
  mcp_args: {
    type: 'string',
    description: 'Arguments of `mcp_command`, one a line (or a YAML list). Passed as they are: nothing is expanded.',
  },
  mcp_cwd: {
    type: 'string',
    minLength: 1,
    description: "Working directory of the process, relative to the manifest's folder. Default: the manifest's folder.",
  },
  mcp_env: {
    type: 'string',
    not: unlike(
      environmentPattern,
      'Write one NAME=VARIABLE a line: VARIABLE is the name, in capitals, of an environment variable that holds the value, never the value',
    ),
    examples: ['API_KEY=MY_API_KEY'],
    description:
      'Environment of the process, one `NAME=VARIABLE` a line: its `NAME` gets the value of our `VARIABLE`, whose name is in capitals (`A-Z`, `0-9`, `_`). Beyond these it gets a short list of harmless variables. Loader variables such as `LD_PRELOAD` and `NODE_OPTIONS` are refused.',
  },
  mcp_protocol: {
    enum: ['auto', 'legacy', 'modern'],
    default: 'auto',
    description:
      'Protocol era: `legacy` (revisions up to 2025-11-25), `modern` (2026-07-28), or `auto`: ask the server once and remember its answer for an hour.',
  },
  mcp_requires_session: {
    enum: ['auto', 'true', 'false', true, false],
    default: 'auto',
    description:
      '`auto`: a session where the server wants one. `true`: always through a session of its own; fails where a legacy server issues none. `false`: each call by itself.',
  },
  mcp_tool_name: { type: 'string', minLength: 1, description: 'The tool to call, by its name at the server.' },
  mcp_prompt_name: { type: 'string', minLength: 1, description: 'The prompt to get, by its name at the server.' },
  mcp_resource_uri: { type: 'string', minLength: 1, description: 'The resource to read.' },
  mcp_probe_timeout_ms: {
    type: 'integer',
    minimum: 1,
    maximum: 600_000,
    default: 5000,
    description: 'Milliseconds to wait for the answer that tells the protocol era (`mcp_protocol: auto`).',
  },
  mcp_auth: {
    enum: ['none', 'bearer'],
    description:
      'Credentials sent to a server over HTTP. `bearer`: the value of `mcp_auth_env_var`. Default: `bearer` if that key is set, else `none`.',
  },
  mcp_auth_env_var: {
    type: 'string',
    pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
    description: 'Name of the variable that holds the credential, never its value. Read at every request.',
  },
  mcp_auth_header: {
    type: 'string',
    pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
    default: 'Authorization',
    description: 'The request header that carries the credential.',
  },
  mcp_auth_scheme: {
    type: 'string',
    pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]*$",
    default: 'Bearer',
    description: 'The word before the credential in its header; `""` sends the bare value.',
  },
  mcp_idempotency_argument: {
    type: 'string',
    minLength: 1,
    description: 'The tool argument that takes the idempotency key. Needed for `effect: keyed`.',
  },
} as const satisfies Record<string, JsonObject>;

export type MetadataKey = keyof typeof keys;

/** Secrets' variables are names already: there is nothing to override. */
const overridable = Object.keys(keys).filter((key) => key !== 'mcp_auth_env_var');

/** Schema of the flat `mcp_*` keys of one capability, after the keys of its file are merged in. */
export const metadataSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'MCP metadata',
  type: 'object',
  properties: keys,
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
      if: transportIs('http'),
      // oxlint-disable-next-line unicorn/no-thenable
      then: needs('mcp_server_url', 'mcp_transport: http talks to this URL'),
      else: {
        if: transportIs('stdio'),
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
            enum: ['http', 'stdio'],
            description: 'mcp_server_url and mcp_command are both given: say which of them counts, or delete the other',
          },
        },
        required: ['mcp_transport'],
      },
    },
    {
      oneOf: [{ required: ['mcp_tool_name'] }, { required: ['mcp_prompt_name'] }, { required: ['mcp_resource_uri'] }],
    },
    {
      if: { properties: { mcp_auth: { const: 'bearer' } }, required: ['mcp_auth'] },
      then: { required: ['mcp_auth_env_var'] },
    },
  ],
};

function transportIs(transport: 'http' | 'stdio'): JsonObject {
  return { properties: { mcp_transport: { const: transport } }, required: ['mcp_transport'] };
}

function needs(key: MetadataKey, why: string): JsonObject {
  return { properties: { [key]: { type: 'string', description: why } }, required: [key] };
}

/** For a `not`: complaints about a plain `pattern` quote the value, which may hold a secret here; those about this tell `remedy`. */
function unlike(pattern: string, remedy: string): JsonObject {
  return { not: { pattern }, description: remedy };
}
