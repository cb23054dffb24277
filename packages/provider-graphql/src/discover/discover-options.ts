import type { JsonObject, JsonSchema } from '@capstan/provider';

/** What `capstan import graphql` takes beside the endpoint or the file of a schema. */
export const discoverOptions = {
  type: 'object',
  properties: {
    name: {
      type: 'string',
      pattern: '^[A-Za-z0-9_]+$',
      description: 'what to call the upstream, in ids and in the name of the file (default: found in its address)',
    },
    endpoint: {
      type: 'string',
      pattern: '^https?://',
      description: 'of a schema in a file: the URL that operations are posted to',
    },
    only: { type: 'array', items: { type: 'string' }, description: 'only the query or mutation of this name' },
    mutations: {
      enum: ['none', 'explicit', 'all'],
      description: 'which mutations: those that --only names (explicit), none or all (default: explicit)',
    },
    auth: { enum: ['bearer', 'api_key'], description: 'how the credential travels (default: bearer)' },
    authEnvVar: { type: 'string', minLength: 1, description: 'name of the variable that holds the credential' },
    authHeader: { type: 'string', minLength: 1, description: 'header that carries it (default: Authorization)' },
    authScheme: { type: 'string', description: 'word before it in the header (default: Bearer)' },
  },
  additionalProperties: false,
} as const satisfies JsonSchema;

export interface DiscoverOptions {
  readonly name?: string;
  readonly endpoint?: string;
  readonly only?: readonly string[];
  readonly mutations?: 'none' | 'explicit' | 'all';
  readonly auth?: string;
  readonly authEnvVar?: string;
  readonly authHeader?: string;
  readonly authScheme?: string;
}

/** What the command line checked against `discoverOptions`. */
export function readDiscoverOptions(options: JsonObject | undefined): DiscoverOptions {
  return (options ?? {}) as DiscoverOptions;
}
