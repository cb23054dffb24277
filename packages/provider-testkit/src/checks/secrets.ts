import { inspect } from 'node:util';
import { type Bench, contractCaller } from '../contract-bench.ts';
import type { CheckGroup, Contract } from '../contract-check.ts';
import { expects, failureOf, rejection } from '../expectations.ts';

const limits = { timeoutMs: 1000, maxTotalMs: 1000 };

export const secrets: CheckGroup = {
  subject: 'secrets',
  checks: () => [
    {
      name: 'shows no secret in results, events, logs, session keys and the ledger',
      why: 'They are kept and read by people who must not have it.',
      needs: ['secrets'],
      async run(contract) {
        await using bench = await contract.open();
        const result = await bench.answer('secret');
        const key = bench.plugin.sessionKey(bench.capability, contractCaller);
        const ledger = bench.pool.list();
        await bench.close();
        const { events, logged } = bench;
        expectHidden(contract, bench, { result, key, ledger, events, logged, after: bench.pool.list() });
      },
    },
    {
      name: 'shows no secret in the errors of sessions that are lost, cancelled, cut off and refused',
      why: 'Errors travel furthest: into logs, tickets and the answers of other systems.',
      needs: ['secrets'],
      async run(contract) {
        await using bench = await contract.open();
        const { plugin, upstream } = bench;
        const session = await bench.openSession();
        const failed = async (signal = new AbortController().signal): Promise<unknown> => {
          const call = plugin.executeWithSession(session, bench.invocation('failing', { signal }));
          return (await bench.settled(rejection(call), 'executeWithSession'))?.error;
        };
        const cancelled = await failed(AbortSignal.abort());
        await upstream.dropSessions();
        const lost = upstream.stateless === true ? undefined : await failed();
        await bench.kill();
        const cutOff = await failed();
        const opening = await rejection(bench.openSession());
        const ending = await bench.settled(rejection(plugin.terminateSession(session, 'lost')), 'terminateSession');
        expectHidden(contract, bench, { cancelled, lost, cutOff, opening, ending, logged: bench.logged });
      },
    },
    {
      name: 'shows no secret in the errors of an upstream that refuses it',
      why: 'A secret that is refused here may be good elsewhere, and upstreams say back what they refuse.',
      needs: ['secrets'],
      async run(contract) {
        const environment = Object.fromEntries(contract.secrets.map((name) => [name, `canary-refused-${name}`]));
        await using bench = await contract.open({ environment });
        const raw = await rejection(
          bench.openSession().then((session) => bench.plugin.terminateSession(session, 'explicit')),
        );
        const called = await rejection(bench.answer('refused', limits));
        const { events, logged } = bench;
        expectHidden(contract, bench, { raw, called, events, logged });
      },
    },
    {
      name: 'says which variable is not set, and sends nothing',
      why: 'Whoever reads the error has to know what to set.',
      needs: ['secrets'],
      async run(contract) {
        const environment = Object.fromEntries(contract.secrets.map((name) => [name, undefined]));
        await using bench = await contract.open({ environment });
        const error = await failureOf(bench.answer('unset', limits), 'A call without its secret');
        expects(error.code === 'UNAUTHORIZED', `A call without its secret rejected with ${error.code}.`);
        const named = contract.secrets.some((name) => error.message.includes(name));
        expects(named, `The message does not name the variable: ${error.message}`);
        await bench.expectCalls(0);
      },
    },
  ],
};

/** As it is, and as a header of basic credentials would carry it. */
function formsOf(secret: string): readonly string[] {
  // The first and last letters depend on what stands around the secret.
  const encoded = Buffer.from(secret).toString('base64').slice(2, -4);
  return [secret, encodeURIComponent(secret), encoded];
}

function expectHidden(contract: Contract, bench: Bench, places: Readonly<Record<string, unknown>>): void {
  for (const [place, value] of Object.entries(places)) {
    const shown = inspect(value, { depth: 12, showHidden: true, maxStringLength: null, maxArrayLength: null });
    for (const name of contract.secrets) {
      const secret = bench.environment[name];
      if (secret === undefined) continue;
      const hidden = formsOf(secret).every((form) => !shown.includes(form));
      expects(hidden, `The value of ${name} shows in: ${place}.`);
    }
  }
}
