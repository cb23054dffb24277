import type { SessionFacts } from '@capstan/provider';
import type { CheckGroup } from '../contract-check.ts';
import { eventually, expects } from '../expectations.ts';

export const lifecycle: CheckGroup = {
  subject: 'lifecycle',
  checks: () => [
    {
      name: 'opens a session for the first call, answers on it, and ends it at close',
      why: 'What is opened and never ended fills the upstream up.',
      async run(contract) {
        await using bench = await contract.open();
        const { call } = await bench.answer('first');
        expects(call.session === 'new', `The first call ran on a session that was "${call.session}".`);
        await bench.expectOpened(1);
        await bench.expectCalls(1);
        expects(bench.counts.ended === 0, 'The session ended with its first call.');
        await bench.close();
        await bench.expectNoneOpen();
        const ended = bench.events.filter((event) => event.type === 'session-terminated');
        expects(ended.length === 1, `The runtime ended ${ended.length} sessions instead of 1.`);
        expects(ended[0]?.confirmed === true, 'terminateSession did not resolve, so the end counts as unconfirmed.');
      },
    },
    {
      name: 'describes a session by facts that are well-formed',
      why: 'The pool bounds concurrency and lifetime by them.',
      async run(contract) {
        await using bench = await contract.open();
        const session = await bench.openSession();
        const facts: SessionFacts = bench.plugin.describeSession?.(session) ?? {};
        await bench.settled(bench.plugin.terminateSession(session, 'explicit'), 'terminateSession');
        const { maxConcurrency = 1, expiresAt = 0 } = facts;
        expects(Number.isInteger(maxConcurrency) && maxConcurrency >= 1, `maxConcurrency is ${maxConcurrency}.`);
        expects(Number.isFinite(expiresAt), `expiresAt is ${expiresAt}; it counts milliseconds since the epoch.`);
      },
    },
  ],
};

export const reuse: CheckGroup = {
  subject: 'reuse',
  checks: () => [
    {
      name: 'runs call after call on one session, whichever capability of the upstream it is for',
      why: 'A session for each call costs what sessions are there to save.',
      async run(contract) {
        await using bench = await contract.open();
        for (let round = 0; round < 3; round++) {
          for (const capability of bench.capabilities) await bench.answer(`round-${round}`, {}, capability);
        }
        await bench.expectOpened(1);
        await bench.expectCalls(3 * bench.capabilities.length);
      },
    },
  ],
};

export const leak: CheckGroup = {
  subject: 'leak',
  checks: () => [
    {
      name: 'leaves no session behind after many were opened and ended',
      why: 'What leaks one session in a hundred still fills the upstream up, only later.',
      async run(contract) {
        const rounds = contract.options.rounds ?? 100;
        await using bench = await contract.open();
        for (let round = 0; round < rounds; round++) {
          const caller = { subject: `caller-${round % 2}` };
          await bench.answer(`round-${round}`, { caller });
          await bench.pool.terminateSession(await bench.pool.getOrCreateSession(bench.capability, caller));
        }
        await bench.expectOpened(rounds);
        await bench.expectNoneOpen();
      },
    },
    {
      name: 'ends the sessions of all callers at close',
      why: 'A host that restarts must not leave the sessions of its last run behind.',
      async run(contract) {
        await using bench = await contract.open();
        const callers = ['ada', 'grace', 'edsger'].map((subject) => ({ subject }));
        await Promise.all(callers.map((caller) => bench.answer(caller.subject, { caller })));
        await bench.expectOpened(callers.length);
        await bench.close();
        await bench.expectNoneOpen();
        await eventually(
          () => bench.pool.list().every(({ ended }) => ended?.confirmed === true),
          () => 'terminateSession did not resolve for every session at close.',
        );
      },
    },
  ],
};
