import { CapstanError } from '@capstan/provider';

/**
 * A third party's plugin with every ability: its upstream asks, completes and goes on with tasks.
 *
 * @type {import('@capstan/provider').ProviderPlugin & import('@capstan/provider').Completes & import('@capstan/provider').RunsTasks}
 */
export const kilnProvider = {
  prefix: 'kiln',
  metadataSchema: {
    type: 'object',
    properties: {
      kiln_url: { type: 'string' },
      kiln_operation: { type: 'string' },
      kiln_requires_session: { enum: ['auto', true, false] },
    },
  },
  sessionKey: ({ metadata }) => ({ upstream: [metadata.kiln_url], identity: { kind: 'none' } }),
  initializeSession: async ({ capability, signal }) => await post(capability, '/sessions', {}, signal),
  executeWithSession: async (_session, invocation) => await fire(invocation),
  execute: fire,
  terminateSession: async () => {},
  describeSession: () => ({ upstreamName: process.env.KILN_NAME ?? 'Kiln No. 3' }),
  classifyError: () => ({ kind: 'caller', sent: true }),
  complete: async (_session, { capability, argument, context = {}, signal }) =>
    await post(capability, '/complete', { argument, context }, signal),
  getTask: async (_session, { capability, id }, signal) => await post(capability, `/tasks/${id}`, {}, signal),
  updateTask: async (_session, { capability, id }, responses, signal) =>
    await post(capability, `/tasks/${id}/answers`, responses, signal),
  cancelTask: async (_session, { capability, id }, signal) => await post(capability, `/tasks/${id}/stop`, {}, signal),
};

async function fire({ capability, input, signal, onProgress, onInputRequired }) {
  const answers = [];
  for (;;) {
    const answer = await post(capability, `/${capability.metadata.kiln_operation}`, { input, answers }, signal);
    if (answer.progress !== undefined) onProgress?.(answer);
    if (answer.ask === undefined) return { output: null, isError: false, ...answer };
    answers.push(await onInputRequired(answer.ask).catch((error) => ({ refused: error.code })));
  }
}

async function post({ metadata }, path, body, signal) {
  const response = await fetch(`${metadata.kiln_url}${path}`, { method: 'POST', body: JSON.stringify(body), signal });
  if (!response.ok) throw new CapstanError('UPSTREAM_ERROR', `The kiln answered ${response.status}.`);
  return await response.json();
}
