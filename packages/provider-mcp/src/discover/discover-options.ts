import { type JsonObject, type JsonSchema } from '@capstan/provider';

/** What `capstan import mcp` takes beside the server. */
export const discoverOptions = {
  type: 'object',
  properties: {
    name: {
      type: 'string',
      minLength: 1,
      description: 'what to call the server, in ids and in the name of the file (default: found in its address)',
    },
    server: {
      type: 'array',
      items: { type: 'string' },
      description: 'of a configuration with several servers, only this one',
    },
    only: {
      type: 'array',
      items: { type: 'string' },
      description: 'only the tool, resource or prompt of this name',
    },
    resources: { type: 'boolean', default: false, description: 'resources and resource templates too' },
    prompts: { type: 'boolean', default: false, description: 'prompts too' },
    authEnvVar: { type: 'string', minLength: 1, description: 'name of the variable that holds the credential' },
    authHeader: { type: 'string', minLength: 1, description: 'header that carries it (default: Authorization)' },
    authScheme: { type: 'string', description: 'word before it in the header (default: Bearer)' },
    env: {
      type: 'array',
      items: { type: 'string' },
      description: "NAME=VARIABLE: the server's variable NAME gets the value of our VARIABLE",
    },
    cwd: { type: 'string', minLength: 1, description: 'working directory of the server (default: this one)' },
    protocol: { enum: ['auto', 'legacy', 'modern'], description: 'protocol era (default: auto)' },
    transport: { enum: ['http', 'stdio', 'sse'], description: 'how the server is reached (default: by its address)' },
    set: {
      type: 'array',
      items: { type: 'string' },
      description: 'KEY=VALUE: any other metadata, such as mcp_auth=oauth2_code',
    },
  },
  additionalProperties: false,
} as const satisfies JsonSchema;

export interface DiscoverOptions {
  readonly name?: string;
  readonly server?: readonly string[];
  readonly only?: readonly string[];
  readonly resources?: boolean;
  readonly prompts?: boolean;
  readonly authEnvVar?: string;
  readonly authHeader?: string;
  readonly authScheme?: string;
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly protocol?: string;
  readonly transport?: string;
  readonly set?: readonly string[];
}

/** What the command line checked against `discoverOptions`. */
export function readDiscoverOptions(options: JsonObject | undefined): DiscoverOptions {
  return (options ?? {}) as DiscoverOptions;
}
