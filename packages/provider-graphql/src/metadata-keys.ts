import type { JsonObject } from '@capstan/provider';

const variableName = '^[A-Za-z_][A-Za-z0-9_]*$';
const path = '^[^.\\s]+(\\.[^.\\s]+)*$';

/** Every `graphql_*` key with its type, its default and what editors show. */
export const metadataKeys = {
  graphql_endpoint: {
    type: 'string',
    pattern: '^https?://',
    examples: ['https://api.example.com/graphql'],
    description: 'The URL that operations are posted to. No credentials in it.',
  },
  graphql_allow_insecure: {
    type: 'boolean',
    default: false,
    description: 'Allows plain `http://` to a host other than loopback.',
  },
  graphql_document: {
    type: 'string',
    minLength: 1,
    examples: ['query Product($id: ID!) { product(id: $id) { title } }'],
    description: 'Operations and fragments. Only the operation that is run, and the fragments that it uses, are sent.',
  },
  graphql_document_file: {
    type: 'string',
    minLength: 1,
    examples: ['operations.graphql'],
    description: "A file of operations and fragments, relative to the manifest's folder.",
  },
  graphql_operation_name: {
    type: 'string',
    pattern: '^[_A-Za-z][_0-9A-Za-z]*$',
    description: 'The operation to run. Needed where the document holds several.',
  },
  graphql_schema: {
    type: 'string',
    minLength: 1,
    not: {
      not: { pattern: '^(?!https?://)' },
      description: 'Write the path of a file: a schema is not fetched from a URL',
    },
    examples: ['schema.graphql'],
    description:
      "The upstream's schema, a file of SDL or of an introspection result (JSON), relative to the manifest's folder. Documents and variables are checked against it before anything is sent.",
  },
  graphql_result_path: {
    type: 'string',
    pattern: path,
    examples: ['viewer.name'],
    description:
      "Response names from the root of `data` down to what is the capability's output; a number picks from a list. Default: all of `data`.",
  },
  graphql_output_validation: {
    enum: ['off', 'warn', 'strict'],
    default: 'warn',
    description:
      'What to do with an answer that does not fit the declared `output`: `strict` fails the call with `OUTPUT_INVALID`, `warn` logs, `off` does not look.',
  },
  graphql_error_policy: {
    enum: ['none', 'all', 'ignore'],
    default: 'none',
    description:
      'What an answer with errors beside its data becomes. `none`: a result that is an error and holds both. `all`: a success whose output is always `{ data, errors }`. `ignore`: a success without the errors.',
  },
  graphql_headers: {
    type: 'string',
    examples: ['X-Api-Version: 2026-01'],
    description:
      'More request headers, one `Name: value` a line. `${NAME}` stands for the value of that environment variable.',
  },
  graphql_idempotency_header: {
    type: 'string',
    pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
    examples: ['Idempotency-Key'],
    description: 'The request header that takes the idempotency key. `effect: keyed` needs this or the variable.',
  },
  graphql_idempotency_variable: {
    type: 'string',
    pattern: '^[_A-Za-z][_0-9A-Za-z]*$',
    description: 'The variable of the operation that takes the idempotency key.',
  },
  graphql_requires_session: {
    enum: ['auto', 'true', 'false', true, false],
    default: 'auto',
    description:
      '`auto`: through the session pool, which keeps a record and no connection. `true`: fails, as the kinds of authentication here need no session. `false`: each call by itself.',
  },
  graphql_auth: {
    enum: ['none', 'bearer', 'api_key', 'basic'],
    description:
      'How requests are authenticated. `bearer` and `api_key`: the value of `graphql_auth_env_var` in a header. `basic`: user and password. Default: `bearer` if `graphql_auth_env_var` is set, else `none`.',
  },
  graphql_auth_env_var: {
    type: 'string',
    pattern: variableName,
    description: 'Name of the variable that holds the credential, never its value. Read at every request.',
  },
  graphql_auth_header: {
    type: 'string',
    pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$",
    description:
      'The request header that carries the credential. Default: `Authorization`; with `graphql_auth: api_key` `X-API-Key`.',
  },
  graphql_auth_scheme: {
    type: 'string',
    pattern: "^[A-Za-z0-9!#$%&'*+.^_`|~-]*$",
    description:
      'The word before the credential in its header; `""` sends the bare value. Default: `Bearer`; with `graphql_auth: api_key` none.',
  },
  graphql_basic_user_env_var: {
    type: 'string',
    pattern: variableName,
    description: 'Name of the variable that holds the user name (`graphql_auth: basic`).',
  },
  graphql_basic_password_env_var: {
    type: 'string',
    pattern: variableName,
    description: 'Name of the variable that holds the password (`graphql_auth: basic`).',
  },
  graphql_session_expired_codes: {
    type: 'string',
    default: 'UNAUTHENTICATED',
    examples: ['UNAUTHENTICATED invalid-jwt'],
    description:
      'Values of `extensions.code`, separated by spaces, that say that credentials are missing or refused, whatever the HTTP status.',
  },
  graphql_session_expired_status: {
    type: ['string', 'integer'],
    default: '401',
    pattern: '^[45]\\d\\d([\\s,]+[45]\\d\\d)*$',
    description: 'HTTP statuses, separated by spaces, that say the same.',
  },
} as const satisfies Record<string, JsonObject>;

export type MetadataKey = keyof typeof metadataKeys;
