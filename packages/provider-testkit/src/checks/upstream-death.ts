import type { CapstanError } from '@capstan/provider';
import type { Bench } from '../contract-bench.ts';
import type { CheckDefinition, CheckGroup } from '../contract-check.ts';
import { expects, failureOf, rejection, typedError } from '../expectations.ts';

const deadlineMs = 1000;
const limits = { timeoutMs: deadlineMs, maxTotalMs: deadlineMs };
/** What a caller may be told of an upstream that is gone: it can try again. */
const codes: ReadonlySet<string> = new Set(['UPSTREAM_ERROR', 'SESSION_LOST', 'TIMEOUT', 'CIRCUIT_OPEN', 'OVERLOADED']);

export const upstreamDeath: CheckGroup = {
  subject: 'upstream death',
  checks: () => [
    {
      name: 'refuses calls with a typed error, by their deadline, when the upstream is gone',
      why: 'Callers decide by code whether to try again, and a call that hangs tells them nothing.',
      async run(contract) {
        await using bench = await contract.open();
        await bench.answer('before');
        await bench.kill();
        for (const subject of ['host', 'stranger']) {
          const what = subject === 'host' ? 'A call on the session that was open' : 'A call that opens a session';
          const call = failureOf(bench.answer('after', { ...limits, caller: { subject } }), what);
          expectGone(await bench.settled(call, what), what);
        }
        await bench.close();
      },
    },
    {
      name: 'settles the calls that are under way when the upstream dies',
      why: 'They will never be answered.',
      needs: ['hold'],
      async run(contract) {
        await using bench = await contract.open();
        await bench.answer('before');
        const release = bench.hold();
        const calls = [0, 1, 2, 3].map((index) => rejection(bench.answer(`held-${index}`, limits)));
        await bench.expectCalls(5);
        await bench.kill();
        release();
        for (const rejected of await bench.settled(Promise.all(calls), 'The calls under way')) {
          if (rejected !== undefined) expectGone(typedError(rejected.error, 'A call under way'), 'A call under way');
        }
      },
    },
    ...(['reset', 'end'] as const).map((how) => cutCheck(how)),
    {
      name: 'understands answers that arrive a few bytes at a time',
      why: 'Where packets end is up to the network.',
      needs: ['tcp'],
      async run(contract) {
        await using bench = await contract.open();
        bench.proxy?.crumble(7);
        await bench.answers(4, 'crumbs');
        await bench.expectOpened(1);
      },
    },
  ],
};

function cutCheck(how: 'reset' | 'end'): CheckDefinition {
  const words = how === 'reset' ? 'reset' : 'half-closed';
  return {
    name: `settles the calls whose connection is ${words}, and answers the next`,
    why: 'A network cuts connections while both ends are well.',
    needs: ['tcp'],
    async run(contract) {
      await using bench = await contract.open();
      await bench.answer('before');
      const release = bench.hold();
      const calls = [0, 1].map((index) => rejection(bench.answer(`cut-${index}`)));
      await bench.expectCalls(3);
      bench.proxy?.cut(how);
      release();
      await expectAnswersOrErrors(bench, calls);
      await bench.answer('after');
    },
  };
}

async function expectAnswersOrErrors(bench: Bench, calls: readonly ReturnType<typeof rejection>[]): Promise<void> {
  for (const rejected of await bench.settled(Promise.all(calls), 'The calls under way')) {
    if (rejected !== undefined) typedError(rejected.error, 'A call under way');
  }
}

function expectGone({ code }: CapstanError, what: string): void {
  expects(codes.has(code), `${what} rejected with ${code}, which does not say that the upstream is gone.`);
}
