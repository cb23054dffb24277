import type { ProviderPlugin, ProviderResult } from '@capstan/provider';

const done: ProviderResult = { output: 'done', isError: false };

/** Does nothing, so that what is measured is the runtime alone. `wait`: how long a call takes. */
export function noOpProvider(wait?: () => Promise<void>): ProviderPlugin<null> {
  return {
    prefix: 'noop',
    metadataSchema: {
      type: 'object',
      properties: { noop_requires_session: { enum: ['auto', true], default: 'auto' } },
      additionalProperties: false,
    },
    sessionKey: () => ({ upstream: ['here'], identity: { kind: 'none' } }),
    initializeSession: async () => null,
    executeWithSession: wait === undefined ? async () => done : () => wait().then(() => done),
    terminateSession: async () => {},
    execute: async () => done,
    classifyError: () => ({ kind: 'fatal', sent: false }),
  };
}
