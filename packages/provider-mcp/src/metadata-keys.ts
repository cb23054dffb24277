import type { JsonObject } from '@capstan/provider';
import { environmentPattern } from './child-environment.ts';

/** Every `mcp_*` key with its type, its default and what editors show. */
export const metadataKeys = {
  mcp_transport: {
    enum: ['http', 'stdio', 'sse'],
    description:
      'How the server is reached: `http` (Streamable HTTP), `stdio` (a process) or `sse` (the deprecated HTTP+SSE). Default: `stdio` if `mcp_command` is set, else `http`.',
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
  mcp_resource_template: {
    type: 'string',
    minLength: 1,
    examples: ['file:///{path}'],
    description: 'A template of resource URIs (RFC 6570), filled from the input, of the resource to read.',
  },
  mcp_definition_sha256: {
    type: 'string',
    pattern: '^[0-9a-fA-F]{64}$',
    description:
      "Digest of the tool's definition (name, description, schemas, annotations) as an operator accepted it. Written by `capstan import` and `capstan accept`.",
  },
  mcp_drift: {
    enum: ['off', 'warn', 'fail'],
    description:
      "What to do where the server's definition no longer has the digest: `fail` refuses the call with `DEFINITION_CHANGED`, `warn` logs, `off` does not look. Default: `fail` if `mcp_definition_sha256` is set.",
  },
  mcp_output_validation: {
    enum: ['off', 'warn', 'strict'],
    default: 'warn',
    description:
      'What to do with an answer that does not fit the declared `output`: `strict` fails the call with `OUTPUT_INVALID`, `warn` logs, `off` does not look.',
  },
  mcp_client_capabilities: {
    type: 'string',
    default: 'elicitation',
    examples: ['elicitation sampling roots'],
    description:
      'What the server is told that callers can answer: words of `elicitation`, `sampling`, `roots`; and `tasks`: it may answer with a task that goes on by itself. What a caller has no handler for is declined.',
  },
  mcp_subscribe: {
    type: 'boolean',
    default: false,
    description: 'Keeps a stream open on which the server tells that tools, prompts or resources changed.',
  },
  mcp_log_level: {
    enum: ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'],
    description: 'Asks the server for log messages of this level and above. Default: it is not asked.',
  },
  mcp_normalize_envelope: {
    type: 'boolean',
    default: false,
    description:
      'Moves `resultType` and `_meta`, which some servers put beside a result by mistake, to where the protocol wants them.',
  },
  mcp_probe_timeout_ms: {
    type: 'integer',
    minimum: 1,
    maximum: 600_000,
    default: 5000,
    description: 'Milliseconds to wait for the answer that tells the protocol era (`mcp_protocol: auto`).',
  },
  mcp_auth: {
    enum: ['none', 'bearer', 'oauth2', 'oauth2_code'],
    description:
      'Credentials sent to a server over HTTP. `bearer`: the value of `mcp_auth_env_var`. `oauth2`: client credentials. `oauth2_code`: a person signs in with `capstan login`. Default: `bearer` if `mcp_auth_env_var` is set, else `none`.',
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
  mcp_oauth_client_id_env_var: {
    type: 'string',
    pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
    description:
      'Name of the variable that holds the OAuth client id. Without it a person signs in as a client that introduces itself.',
  },
  mcp_oauth_client_secret_env_var: {
    type: 'string',
    pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
    description: 'Name of the variable that holds the OAuth client secret.',
  },
  mcp_oauth_private_key_env_var: {
    type: 'string',
    pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
    description:
      'Name of the variable that holds a private key (PKCS#8, PEM): the client proves itself by a signed assertion (RFC 7523) instead of a secret.',
  },
  mcp_oauth_client_auth: {
    enum: ['basic', 'post', 'none'],
    default: 'basic',
    description:
      'How the client secret is sent to the token endpoint: in a header (`basic`) or in the body (`post`). `none`: there is no secret; with `mcp_auth: oauth2` an assertion that the host app makes stands for the client.',
  },
  mcp_oauth_scope: {
    type: 'string',
    description: 'OAuth scopes to ask for, separated by spaces. Default: what the server names.',
  },
  mcp_oauth_issuer: {
    type: 'string',
    pattern: '^https?://',
    description: 'The authorization server that may get our secrets. Another one that the server names is refused.',
  },
  mcp_oauth_metadata_url: {
    type: 'string',
    pattern: '^https://',
    description:
      'URL of a client ID metadata document by which we introduce ourselves; used before dynamic registration.',
  },
  mcp_idempotency_argument: {
    type: 'string',
    minLength: 1,
    description: 'The tool argument that takes the idempotency key. Needed for `effect: keyed`.',
  },
} as const satisfies Record<string, JsonObject>;

export type MetadataKey = keyof typeof metadataKeys;

/** For a `not`: complaints about a plain `pattern` quote the value, which may hold a secret here; those about this tell `remedy`. */
function unlike(pattern: string, remedy: string): JsonObject {
  return { not: { pattern }, description: remedy };
}
