import { inspect } from 'node:util';
import { CapstanError, type ErrorCode, errorCodes, type ErrorVerdict, type ProviderPlugin } from '@capstan/provider';
import type { CheckDefinition, CheckGroup } from '../contract-check.ts';
import { expects, rejection } from '../expectations.ts';

type Kind = ErrorVerdict['kind'];
const kinds: ReadonlySet<string> = new Set<Kind>(['session-lost', 'unauthorized', 'transient', 'caller', 'fatal']);

export const errorVerdicts: CheckGroup = {
  subject: 'error verdicts',
  checks: ({ refusals = {} }) => [
    {
      name: 'has a verdict on anything that can be thrown',
      why: 'What is thrown comes from anywhere, and a classifyError that throws hides it.',
      async run(contract) {
        await using bench = await contract.open();
        for (const thrown of anything()) verdictOn(bench.plugin, thrown);
      },
    },
    {
      name: 'finds that an aborted call says nothing about its session',
      why: 'A verdict of "session-lost" or "unauthorized" on a cancel takes the session from everybody else.',
      async run(contract) {
        await using bench = await contract.open();
        const session = await bench.openSession();
        const call = bench.plugin.executeWithSession(
          session,
          bench.invocation('late', { signal: AbortSignal.abort() }),
        );
        const rejected = await bench.settled(rejection(call), 'A call whose signal had aborted');
        await bench.settled(bench.plugin.terminateSession(session, 'explicit'), 'terminateSession');
        expects(rejected !== undefined, 'A call whose signal had aborted was answered.');
        const { kind } = verdictOn(bench.plugin, rejected.error);
        expects(kind !== 'session-lost' && kind !== 'unauthorized', `An aborted call got the verdict "${kind}".`);
      },
    },
    {
      name: 'finds a session lost that the upstream has forgotten',
      why: 'Only then does the pool open a new one.',
      needs: ['sessions'],
      async run(contract) {
        await using bench = await contract.open();
        const session = await bench.openSession();
        await bench.upstream.dropSessions();
        const call = bench.plugin.executeWithSession(session, bench.invocation('forgotten'));
        const rejected = await bench.settled(rejection(call), 'A call on a forgotten session');
        expects(rejected !== undefined, 'A call on a session that the upstream had forgotten was answered.');
        const { kind } = verdictOn(bench.plugin, rejected.error);
        expects(
          kind === 'session-lost',
          `A call on a session that the upstream had forgotten got the verdict "${kind}".`,
        );
        await bench.settled(rejection(bench.plugin.terminateSession(session, 'lost')), 'terminateSession');
      },
    },
    {
      name: 'does not claim that a call was never sent when it had reached the upstream',
      why: 'A call that was certainly not sent is repeated, whatever its effect: it would happen twice.',
      needs: ['hold'],
      async run(contract) {
        await using bench = await contract.open();
        const session = await bench.openSession();
        const release = bench.hold();
        const before = bench.counts.calls;
        const call = rejection(bench.plugin.executeWithSession(session, bench.invocation('sent')));
        await bench.expectCalls(before + 1);
        await bench.kill();
        release();
        const rejected = await bench.settled(call, 'A call whose upstream died');
        await bench.settled(rejection(bench.plugin.terminateSession(session, 'lost')), 'terminateSession');
        if (rejected === undefined) return;
        const { sent } = verdictOn(bench.plugin, rejected.error);
        expects(sent, 'A call that had reached the upstream got a verdict of "sent: false".');
      },
    },
    ...(Object.keys(refusals) as Kind[]).map((kind) => refusalCheck(kind)),
  ],
};

function refusalCheck(kind: Kind): CheckDefinition {
  return {
    name: `finds that a refusal of the kind "${kind}" is one`,
    why: 'The verdict decides whether the call is repeated, on which session and with which credentials.',
    async run(contract) {
      await using bench = await contract.open();
      const session = await bench.openSession();
      bench.upstream.refusals?.[kind]?.();
      const call = bench.plugin.executeWithSession(session, bench.invocation('refused'));
      const answer = await bench.settled(
        call.then(
          ({ isError }) => ({ isError }),
          (error: unknown) => ({ verdict: verdictOn(bench.plugin, error).kind }),
        ),
        'A call that the upstream refuses',
      );
      await bench.settled(rejection(bench.plugin.terminateSession(session, 'explicit')), 'terminateSession');
      // That this call is wrong may also be said by an answer.
      const right = 'verdict' in answer ? answer.verdict === kind : kind === 'caller' && answer.isError;
      expects(right, `A refusal of the kind "${kind}" became ${JSON.stringify(answer)}.`);
    },
  };
}

function verdictOn(plugin: ProviderPlugin, thrown: unknown): ErrorVerdict {
  let verdict: ErrorVerdict;
  try {
    verdict = plugin.classifyError(thrown);
  } catch (error) {
    expects(false, `classifyError threw on ${describe(thrown)}: ${describe(error)}`);
  }
  const { kind, sent, retryAfterMs = 0 } = verdict ?? {};
  const wellFormed = kinds.has(kind) && typeof sent === 'boolean' && Number.isFinite(retryAfterMs) && retryAfterMs >= 0;
  expects(wellFormed, `The verdict on ${describe(thrown)} is not well-formed: ${JSON.stringify(verdict)}`);
  return verdict;
}

function anything(): readonly unknown[] {
  const codes = Object.keys(errorCodes) as ErrorCode[];
  return [
    undefined,
    null,
    '',
    'text',
    0,
    7n,
    Symbol('thrown'),
    {},
    [],
    () => {},
    Object.create(null),
    Object.freeze({ status: 'odd', code: {}, cause: null }),
    new Error('plain'),
    new TypeError('fetch failed', { cause: new Error('deeper', { cause: 'deepest' }) }),
    new AggregateError([new Error('one'), 'two'], 'several'),
    new DOMException('aborted', 'AbortError'),
    new DOMException('late', 'TimeoutError'),
    ...codes.map((code) => new CapstanError(code, `An error of the code ${code}.`)),
  ];
}

function describe(value: unknown): string {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  return inspect(value, { depth: 0 });
}
