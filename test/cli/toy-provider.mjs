import { CapstanError } from '@capstan/provider';

/**
 * A third party's provider plugin in plain JavaScript, loaded by the command as any other module would be.
 *
 * @type {(host: import('@capstan/provider').ProviderHost) => import('@capstan/provider').ProviderPlugin}
 */
export const toyProvider = (host) => ({
  prefix: 'toy',
  metadataSchema: {
    type: 'object',
    properties: {
      toy_server_url: { type: 'string', description: 'Where the toy listens.' },
      toy_operation: { type: 'string' },
      toy_requires_session: { enum: ['auto', 'true', 'false', true, false] },
      toy_auth_env_var: { type: 'string' },
    },
    required: ['toy_server_url', 'toy_operation'],
    additionalProperties: false,
  },
  sessionKey: ({ metadata }) => ({ upstream: [metadata.toy_server_url], identity: { kind: 'none' } }),
  initializeSession: async ({ capability, signal }) => {
    const url = `${capability.metadata.toy_server_url}/sessions`;
    const { id } = await (await fetch(url, { method: 'POST', signal })).json();
    return { url: `${url}/${id}`, id };
  },
  executeWithSession: ({ id }, invocation) => run(host, invocation, { 'x-session': id }),
  execute: (invocation) => run(host, invocation, {}),
  terminateSession: async ({ url }) => {
    await fetch(url, { method: 'DELETE' });
  },
  classifyError: (error) => ({ kind: error instanceof TypeError ? 'transient' : 'caller', sent: true }),
});

async function run(host, invocation, headers) {
  const { capability, input, signal } = invocation;
  const { toy_server_url: url, toy_operation: operation } = capability.metadata;
  const response = await fetch(`${url}/operations/${operation}`, {
    method: 'POST',
    headers: { ...headers, ...(await authorization(host, invocation)) },
    body: JSON.stringify(input),
    signal,
  });
  if (!response.ok) {
    throw new CapstanError('UPSTREAM_ERROR', `The toy answered ${response.status}: ${await response.text()}`);
  }
  return await lastLine(response, invocation);
}

async function authorization(host, { capability, caller }) {
  const variable = capability.metadata.toy_auth_env_var;
  if (variable === undefined) return {};
  const token = await host.secrets.read(variable, { caller, capability });
  if (token === undefined) {
    throw new CapstanError('UNAUTHORIZED', `Set the variable ${variable}: ${capability.id} needs it.`);
  }
  return { authorization: token };
}

/** Lines of progress and logs, then the result. */
async function lastLine(response, { onProgress, onLog }) {
  let rest = '';
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const note = JSON.parse(line);
      if (note.log === undefined) onProgress?.(note);
      else onLog?.({ level: 'info', data: note.log });
    }
  }
  return JSON.parse(rest);
}
