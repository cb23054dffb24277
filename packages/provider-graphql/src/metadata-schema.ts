import type { JsonSchema } from '@capstan/provider';
import { metadataKeys } from './metadata-keys.ts';

/** Secrets' variables are names already: there is nothing to override. */
const overridable = Object.keys(metadataKeys).filter((key) => !key.endsWith('_env_var'));

const authIs = (style: string): JsonSchema => ({
  properties: { graphql_auth: { const: style } },
  required: ['graphql_auth'],
});

/** Schema of the flat `graphql_*` keys of one capability, after the keys of its file are merged in. */
export const metadataSchema: JsonSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'GraphQL metadata',
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
  required: ['graphql_endpoint'],
  allOf: [
    { oneOf: [{ required: ['graphql_document'] }, { required: ['graphql_document_file'] }] },
    {
      if: { anyOf: [authIs('bearer'), authIs('api_key')] },
      // oxlint-disable-next-line unicorn/no-thenable
      then: { required: ['graphql_auth_env_var'] },
    },
    {
      if: authIs('basic'),
      // oxlint-disable-next-line unicorn/no-thenable
      then: { required: ['graphql_basic_user_env_var', 'graphql_basic_password_env_var'] },
    },
  ],
};
