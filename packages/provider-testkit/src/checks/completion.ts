import { completes } from '@capstan/runtime';
import type { Completion, Completes, ProviderPlugin } from '@capstan/provider';
import { type Bench, contractCaller } from '../contract-bench.ts';
import type { CheckGroup, Contract } from '../contract-check.ts';
import { expects, rejection } from '../expectations.ts';

export const completion: CheckGroup = {
  subject: 'completion',
  appliesTo: completes,
  checks: () => [
    {
      name: 'suggests values for an argument on the session that calls use',
      why: 'What is suggested should be what this caller may use, and a session for each keystroke would cost more than the call.',
      needs: ['completion'],
      async run(contract) {
        await using bench = await contract.open();
        await bench.answer('warm');
        expectSuggestions(await complete(bench, contract));
        await bench.expectOpened(1);
      },
    },
    {
      name: 'suggests values on a new session after the upstream forgot the last one',
      why: 'It is an error like that of a call, and is repeated like one that reads.',
      needs: ['completion', 'sessions'],
      async run(contract) {
        await using bench = await contract.open();
        await bench.answer('warm');
        await bench.upstream.dropSessions();
        expectSuggestions(await complete(bench, contract));
        await bench.expectOpened(2);
      },
    },
    {
      name: 'suggests nothing when that was cancelled before it began',
      why: 'Who types on has no use for what was asked a letter before.',
      needs: ['completion'],
      async run(contract) {
        await using bench = await contract.open();
        const session = await bench.openSession();
        const { capability } = bench;
        const request = { capability, caller: contractCaller, ...asked(contract), signal: AbortSignal.abort() };
        const suggesting = (bench.plugin as ProviderPlugin & Completes).complete(session, request);
        const rejected = await bench.settled(rejection(suggesting), 'complete, whose signal had aborted,');
        expects(rejected !== undefined, 'A completion whose signal had aborted was answered.');
        await bench.settled(bench.plugin.terminateSession(session, 'explicit'), 'terminateSession');
      },
    },
  ],
};

function asked({ options }: Contract): NonNullable<Contract['options']['completion']> {
  expects(options.completion !== undefined, 'The option "completion" is needed.');
  return options.completion;
}

async function complete(bench: Bench, contract: Contract): Promise<Completion> {
  return await bench.settled(bench.runtime.complete(bench.capability.id, asked(contract)), 'complete');
}

function expectSuggestions({ values, total, hasMore }: Completion): void {
  const seen = JSON.stringify({ values, total, hasMore });
  expects(Array.isArray(values) && values.length > 0, `Nothing was suggested: ${seen}`);
  expects(
    values.every((value) => typeof value === 'string'),
    `What was suggested is not all text: ${seen}`,
  );
  expects(total === undefined || (Number.isInteger(total) && total >= values.length), `The total is wrong: ${seen}`);
  expects(hasMore === undefined || typeof hasMore === 'boolean', `hasMore is neither true nor false: ${seen}`);
}
