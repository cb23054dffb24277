import type { CheckGroup } from '../contract-check.ts';
import { expects, failureOf, rejection } from '../expectations.ts';

export const abort: CheckGroup = {
  subject: 'abort',
  checks: () => [
    {
      name: 'sends nothing for a call that was cancelled before it began',
      why: 'Its caller was told that it does not happen.',
      async run(contract) {
        await using bench = await contract.open();
        const session = await bench.openSession();
        const before = bench.counts.calls;
        const call = bench.plugin.executeWithSession(
          session,
          bench.invocation('late', { signal: AbortSignal.abort() }),
        );
        const rejected = await bench.settled(rejection(call), 'A call whose signal had aborted');
        expects(rejected !== undefined, 'A call whose signal had aborted was answered.');
        await bench.settled(bench.plugin.terminateSession(session, 'explicit'), 'terminateSession');
        expects(bench.counts.calls === before, 'A call whose signal had aborted reached the upstream.');
      },
    },
    {
      name: 'opens nothing when the opening was cancelled before it began',
      why: 'Nobody would own the session, so nobody would end it.',
      async run(contract) {
        await using bench = await contract.open();
        const opening = bench.openSession({ signal: AbortSignal.abort() });
        const rejected = await rejection(opening);
        expects(rejected !== undefined, 'initializeSession resolved although its signal had aborted.');
        await bench.expectNoneOpen();
      },
    },
    {
      name: 'lets go of a call as soon as it is cancelled, while the upstream still works on it',
      why: 'A call that ignores its signal keeps its place in the session until the upstream answers.',
      needs: ['hold'],
      async run(contract) {
        await using bench = await contract.open();
        const session = await bench.openSession();
        const release = bench.hold();
        const controller = new AbortController();
        const before = bench.counts.calls;
        const call = rejection(
          bench.plugin.executeWithSession(session, bench.invocation('held', { signal: controller.signal })),
        );
        await bench.expectCalls(before + 1);
        controller.abort();
        const rejected = await bench.settled(call, 'executeWithSession, after its signal aborted,');
        release();
        expects(rejected !== undefined, 'A cancelled call was answered.');
        await bench.settled(bench.plugin.terminateSession(session, 'explicit'), 'terminateSession');
      },
    },
    {
      name: 'keeps the session and all other calls on it when one call is cancelled',
      why: 'One caller must not end what another waits for.',
      needs: ['hold'],
      async run(contract) {
        await using bench = await contract.open();
        await bench.answer('warm');
        const release = bench.hold();
        const controller = new AbortController();
        const others = bench.answers(3, 'other');
        others.catch(() => {});
        const cancelled = failureOf(bench.answer('cancelled', { signal: controller.signal }), 'A cancelled call');
        cancelled.catch(() => {});
        await bench.expectCalls(5);
        controller.abort();
        const { code } = await bench.settled(cancelled, 'A cancelled call');
        release();
        expects(code === 'CANCELLED', `A cancelled call rejected with ${code}.`);
        await bench.settled(others, 'The other calls');
        await bench.answer('after');
        await bench.expectOpened(1);
      },
    },
  ],
};

export const timeout: CheckGroup = {
  subject: 'timeout',
  checks: () => [
    {
      name: 'keeps the session when a call takes too long',
      why: 'One slow answer says nothing about the next.',
      needs: ['hold'],
      async run(contract) {
        await using bench = await contract.open();
        await bench.answer('warm');
        const release = bench.hold();
        const late = failureOf(bench.answer('slow', { timeoutMs: 150 }), 'A call that was never answered');
        const { code } = await bench.settled(late, 'A call past its deadline');
        release();
        expects(code === 'TIMEOUT', `A call past its deadline rejected with ${code}.`);
        await bench.answer('after');
        await bench.expectOpened(1);
      },
    },
  ],
};
