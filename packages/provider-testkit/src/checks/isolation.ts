import type { CallOptions, SessionScope } from '@capstan/runtime';
import { isDeepStrictEqual } from 'node:util';
import type { CheckGroup } from '../contract-check.ts';
import { expects } from '../expectations.ts';

const ada = { subject: 'ada' };
const grace = { subject: 'grace' };
/** Ada in two conversations, in the first one twice; Grace in the first one. */
const calls: readonly CallOptions[] = [
  { caller: ada, conversationId: 'first' },
  { caller: ada, conversationId: 'first' },
  { caller: ada, conversationId: 'second' },
  { caller: grace, conversationId: 'first' },
];
const sessionsByScope: Readonly<Record<SessionScope, number>> = { shared: 1, caller: 2, conversation: 3, call: 4 };

export const isolation: CheckGroup = {
  subject: 'isolation',
  checks: () => [
    ...Object.entries(sessionsByScope).map(([scope, sessions]) => ({
      name: `opens ${sessions} for 4 calls where sessions are shared by ${scope}`,
      why: 'Who may share a session is for the manifest to say; a plugin that shares on its own leaks state.',
      async run(contract: Parameters<ReturnType<CheckGroup['checks']>[number]['run']>[0]) {
        await using bench = await contract.open({ scope: scope as SessionScope });
        await Promise.all(calls.map((options, index) => bench.answer(`${scope}-${index}`, options)));
        await bench.expectOpened(sessions);
        await bench.expectCalls(calls.length);
      },
    })),
    {
      name: 'keeps two upstreams apart',
      why: 'Calls with an equal session key share a session, so a key without the address sends them to the wrong upstream.',
      async run(contract) {
        await using one = await contract.open();
        await using other = await contract.open();
        expects(
          !isDeepStrictEqual(one.capability.metadata, other.capability.metadata),
          'Two upstreams were started and the capability names the same address for both. Let a *_override_env_var key bring it in.',
        );
        const caller = ada;
        const key = one.plugin.sessionKey(one.capability, caller);
        expects(
          !isDeepStrictEqual(key, one.plugin.sessionKey(other.capability, caller)),
          `Two upstreams have the same session key ${JSON.stringify(key)}.`,
        );
        await Promise.all([one.answer('one'), other.answer('other')]);
        await Promise.all([one.expectCalls(1), other.expectCalls(1)]);
      },
    },
  ],
};
