import type { Provider } from '@capstan/provider';
import type { ContractOptions } from '@capstan/provider-testkit';
import { ParrotServer } from './parrot-server.ts';

const token = 'polly-wants-a-cracker';

/** What the author of a plugin for the parrot would write. */
export function parrotContract(plugin: Provider): ContractOptions {
  return {
    plugin,
    capability: ['say', 'shout'].map((word) => ({
      id: `parrot.${word}`,
      metadata: {
        parrot_url: 'http://127.0.0.1',
        parrot_url_override_env_var: 'PARROT_URL',
        parrot_auth_env_var: 'PARROT_TOKEN',
        parrot_requires_session: 'auto',
      },
    })),
    call: { input: (word) => ({ word }), tagOf: (output: { word: string }) => output.word },
    completion: { argument: { name: 'word', value: 'he' } },
    task: { input: (word) => ({ word, later: true }) },
    rounds: 10,
    upstream: {
      async start() {
        const server = await ParrotServer.start(token);
        return {
          environment: { PARROT_TOKEN: token },
          tcp: { port: server.port, environment: (port) => ({ PARROT_URL: `http://127.0.0.1:${port}` }) },
          counts: () => ({ opened: server.opened, ended: server.opened - server.sessions.size, calls: server.calls }),
          dropSessions: async () => server.sessions.clear(),
          stop: () => server.stop(),
          refusals: {
            transient: () => void (server.refusal = 503),
            caller: () => void (server.refusal = 422),
            unauthorized: () => void (server.refusal = 401),
          },
        };
      },
    },
  };
}
