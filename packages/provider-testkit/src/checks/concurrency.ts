import type { CheckGroup } from '../contract-check.ts';

export const singleFlight: CheckGroup = {
  subject: 'single-flight',
  checks: () =>
    [64, 1000].map((count) => ({
      name: `opens one session for ${count} cold calls at once`,
      why: 'Opening is the costly step, and upstreams limit how many sessions they keep.',
      async run(contract) {
        await using bench = await contract.open();
        await bench.answers(count, 'cold');
        await bench.expectOpened(1);
        await bench.expectCalls(count);
      },
    })),
};

export const concurrency: CheckGroup = {
  subject: 'concurrency',
  checks: () => [
    {
      name: 'gives each of 64 calls at once on one session its own answer',
      why: 'An answer in the wrong hands is a leak, and nobody notices it.',
      async run(contract) {
        await using bench = await contract.open();
        await bench.answer('warm');
        await bench.answers(64, 'at-once');
        await bench.expectOpened(1);
        await bench.expectCalls(65);
      },
    },
    {
      name: 'gives calls of several callers at once their own answers',
      why: 'A plugin keeps no state of a call in its fields: the next call would find it there.',
      async run(contract) {
        await using bench = await contract.open();
        const callers = ['ada', 'grace'].map((subject) => ({ subject }));
        await Promise.all(callers.map((caller) => bench.answers(16, caller.subject, { caller })));
        await bench.expectOpened(callers.length);
      },
    },
  ],
};
