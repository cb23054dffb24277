import type { CheckGroup } from '../contract-check.ts';

export const lostSession: CheckGroup = {
  subject: 'lost session',
  checks: () => [
    {
      name: 'answers on one new session after the upstream forgot the last one',
      why: 'Sessions end whenever an upstream likes: the verdict "session-lost" makes that nobody\'s trouble.',
      needs: ['sessions'],
      async run(contract) {
        await using bench = await contract.open();
        await bench.answer('before');
        await bench.upstream.dropSessions();
        await bench.answer('after');
        await bench.expectOpened(2);
        await bench.close();
        await bench.expectNoneOpen();
      },
    },
    {
      name: 'answers 64 calls at once on one new session after the upstream forgot the last one',
      why: 'All of them find the loss at once; a session for each would be a stampede.',
      needs: ['sessions'],
      async run(contract) {
        await using bench = await contract.open();
        await bench.answer('before');
        await bench.upstream.dropSessions();
        await bench.answers(64, 'after');
        await bench.expectOpened(2);
      },
    },
    {
      name: 'answers the calls that were under way when the upstream forgot their session',
      why: 'They may be repeated, so their callers need not learn of it.',
      needs: ['sessions', 'hold'],
      async run(contract) {
        await using bench = await contract.open();
        await bench.answer('before');
        const release = bench.hold();
        const held = bench.answers(4, 'held');
        held.catch(() => {});
        await bench.expectCalls(5);
        await bench.upstream.dropSessions();
        release();
        await bench.settled(held, 'The calls under way');
        await bench.answer('after');
        await bench.expectOpened(2);
      },
    },
  ],
};

export const restart: CheckGroup = {
  subject: 'restart',
  checks: () => [
    {
      name: 'answers after the upstream restarted at the same address',
      why: 'Connections that were kept are dead by then, and the session is unknown: neither is the end of the upstream.',
      needs: ['restart'],
      async run(contract) {
        await using bench = await contract.open();
        await bench.answer('before');
        await bench.restart();
        await bench.answer('after');
        await bench.expectOpened(bench.upstream.stateless === true ? 1 : 2);
      },
    },
  ],
};
