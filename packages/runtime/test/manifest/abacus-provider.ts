import type { JsonObject, JsonSchema, ProviderPlugin } from '@capstan/provider';

interface AbacusSession {
  total: number;
}

const metadataSchema: JsonSchema = {
  type: 'object',
  description: 'Settings of an abacus.',
  properties: {
    abacus_server_url: { type: 'string', description: 'Where the abacus stands.' },
    abacus_rods: { $ref: '#/$defs/rods' },
    abacus_beads: { type: 'integer', minimum: 1, maximum: 20, default: 10, description: 'Beads on a rod.' },
    abacus_ratio: { type: 'number' },
    abacus_color: { enum: ['red', 'black'], default: 'red' },
    abacus_notes: { type: 'string', description: 'One note a line.' },
    abacus_auth: { enum: ['none', 'key'] },
    abacus_auth_env_var: { type: 'string', description: 'Variable with the key.' },
    abacus_user: { type: 'string' },
    abacus_group: { type: 'string' },
    abacus_kind: { enum: ['shared', 'own'] },
    abacus_requires_session: { enum: ['auto', true, false], default: 'auto' },
  },
  patternProperties: { '^abacus_label_[a-z]+$': { type: 'string' } },
  dependentRequired: { abacus_group: ['abacus_user'] },
  allOf: [
    {
      if: { properties: { abacus_kind: { const: 'own' } }, required: ['abacus_kind'] },
      // oxlint-disable-next-line unicorn/no-thenable
      then: {
        properties: { abacus_requires_session: { enum: ['auto', true] } },
        not: { required: ['abacus_user'], description: 'An abacus of one’s own has no user' },
      },
    },
    { oneOf: [{ required: ['abacus_server_url'] }, { required: ['abacus_rods'] }] },
  ],
  $defs: { rods: { type: 'integer', minimum: 1, description: 'Rods, where the abacus is built for the call.' } },
};

/** A plugin that adds up numbers in memory: with a session it goes on from the last sum, without one it starts from zero. */
export function abacusProvider(prefix = 'abacus'): ProviderPlugin<AbacusSession> {
  const add = (session: AbacusSession, input: unknown): JsonObject => {
    const { add: summand = 0 } = input as { add?: number };
    session.total += summand;
    return { total: session.total };
  };
  return {
    prefix,
    metadataSchema: JSON.parse(JSON.stringify(metadataSchema).replaceAll('abacus_', `${prefix}_`)) as JsonSchema,
    sessionKey: ({ metadata }) => ({
      upstream: [String(metadata[`${prefix}_server_url`] ?? 'memory')],
      identity: { kind: 'none' },
    }),
    initializeSession: async () => ({ total: 0 }),
    executeWithSession: async (session, { input }) => ({ output: add(session, input), isError: false }),
    terminateSession: async (session) => {
      session.total = 0;
    },
    execute: async ({ input }) => ({ output: add({ total: 0 }, input), isError: false }),
    classifyError: () => ({ kind: 'fatal', sent: false }),
  };
}
