import type { ProviderPlugin } from '@capstan/provider';
import { toArguments } from '@capstan/provider';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Owns `command_*`: a script of Node.js, a process for each call; the input is its argument vector. */
export const commandProvider: ProviderPlugin<undefined> = {
  prefix: 'command',
  metadataSchema: {
    type: 'object',
    properties: { command_script: { type: 'string' }, command_requires_session: { enum: ['auto', false] } },
    required: ['command_script'],
    additionalProperties: false,
  },
  sessionKey: ({ metadata }) => ({ upstream: [String(metadata['command_script'])], identity: { kind: 'none' } }),
  initializeSession: async () => undefined,
  executeWithSession: (_session, invocation) => commandProvider.execute(invocation),
  terminateSession: async () => undefined,
  async execute({ capability, input, signal }) {
    const texts = toArguments(input).map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
    const script = String(capability.metadata['command_script']);
    const { stdout } = await run(process.execPath, ['--print', script, '--', ...texts], { signal });
    return { output: stdout.trimEnd(), isError: false };
  },
  classifyError: () => ({ kind: 'fatal', sent: true }),
};
