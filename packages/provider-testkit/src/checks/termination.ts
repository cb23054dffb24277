import type { CheckGroup } from '../contract-check.ts';
import { expects, rejection } from '../expectations.ts';

export const termination: CheckGroup = {
  subject: 'termination',
  checks: () => [
    {
      name: 'ends a session once when asked twice, and resolves both times',
      why: 'A loss and a close may meet; after the first there is nothing left to be ended.',
      async run(contract) {
        await using bench = await contract.open();
        const session = await bench.openSession();
        for (const [time, reason] of [
          ['first', 'lost'],
          ['second', 'drain'],
        ] as const) {
          const rejected = await bench.settled(
            rejection(bench.plugin.terminateSession(session, reason)),
            `terminateSession, the ${time} time,`,
          );
          expects(rejected === undefined, `terminateSession rejected the ${time} time: ${String(rejected?.error)}`);
        }
        await bench.expectNoneOpen();
      },
    },
    {
      name: 'resolves for a session that the upstream has forgotten',
      why: 'Resolving means that the upstream keeps nothing that could be ended, and that is so.',
      needs: ['sessions'],
      async run(contract) {
        await using bench = await contract.open();
        const session = await bench.openSession();
        await bench.upstream.dropSessions();
        const rejected = await bench.settled(
          rejection(bench.plugin.terminateSession(session, 'lost')),
          'terminateSession',
        );
        expects(rejected === undefined, `terminateSession rejected: ${String(rejected?.error)}`);
        await bench.expectNoneOpen();
      },
    },
    {
      name: 'settles when the upstream is gone',
      why: 'A close must come to an end even when nobody answers.',
      async run(contract) {
        await using bench = await contract.open();
        const session = await bench.openSession();
        await bench.kill();
        await bench.settled(rejection(bench.plugin.terminateSession(session, 'drain')), 'terminateSession');
      },
    },
  ],
};
