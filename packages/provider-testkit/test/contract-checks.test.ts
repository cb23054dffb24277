import type { ErrorVerdict, ProviderHost, ProviderResult } from '@capstan/provider';
import { contractChecks, ContractViolation } from '@capstan/provider-testkit';
import { describe, expect, it } from 'vitest';
import { parrotContract } from './support/parrot-contract.ts';
import { ask, parrotProvider, ParrotRefusal, parrotUrl, tokenOf } from './support/parrot-provider.ts';

type Parrot = ReturnType<typeof parrotProvider>;

/** A plugin that is right but for what `change` makes of it. */
const wrong =
  (change: (right: Parrot, host: ProviderHost) => Partial<Parrot>) =>
  (host: ProviderHost): Parrot => {
    const right = parrotProvider(host);
    return { ...right, ...change(right, host) };
  };

/** What the checks of these names say against a plugin; that they say nothing against a right one, `provider-contract.test.ts` shows. */
async function violations(
  plugin: (host: ProviderHost) => Parrot,
  names: readonly string[],
): Promise<readonly string[]> {
  const { checks } = await contractChecks(parrotContract(plugin));
  return await Promise.all(
    names.map(async (name) => {
      const check = checks.find((each) => each.name === name);
      const error: unknown = await check?.run().catch((reason: unknown) => reason);
      expect(error, name).toBeInstanceOf(ContractViolation);
      return (error as ContractViolation).message;
    }),
  );
}

const oneSession = [
  'opens a session for the first call, answers on it, and ends it at close',
  'runs call after call on one session, whichever capability of the upstream it is for',
];

describe.concurrent('the contract catches a plugin that', () => {
  it.each([
    {
      what: 'never ends its sessions',
      plugin: wrong(() => ({ terminateSession: async () => {} })),
      caughtBy: [
        'leaves no session behind after many were opened and ended',
        'ends the sessions of all callers at close',
      ],
      seen: 'The upstream counted 10 sessions opened and 0 ended.',
    },
    {
      what: 'opens a session for each call',
      plugin: wrong((right) => ({
        async executeWithSession(_session, invocation) {
          const ignore = (): void => {};
          const own = await right.initializeSession({ ...invocation, mode: 'auto', onLost: ignore, onStale: ignore });
          return await right.executeWithSession(own, invocation);
        },
      })),
      caughtBy: oneSession,
      seen: 'The upstream counted 7 sessions opened instead of 1.',
    },
    {
      what: 'shows its token in an error',
      plugin: wrong((right, host) => ({
        async executeWithSession(session, invocation) {
          try {
            return await right.executeWithSession(session, invocation);
          } catch (cause) {
            throw new Error('It failed.', { cause: { cause, headers: [await tokenOf(host, invocation)] } });
          }
        },
      })),
      caughtBy: ['shows no secret in the errors of sessions that are lost, cancelled, cut off and refused'],
      seen: 'The value of PARROT_TOKEN shows in: cancelled.',
    },
    {
      what: 'logs its token',
      plugin: wrong((right, host) => ({
        async initializeSession(request) {
          host.logger.log('debug', 'Opening.', { token: await tokenOf(host, request) });
          return await right.initializeSession(request);
        },
      })),
      caughtBy: ['shows no secret in results, events, logs, session keys and the ledger'],
      seen: 'The value of PARROT_TOKEN shows in: logged.',
    },
    {
      what: "answers with another call's result",
      plugin: wrong((right) => {
        const answers: Promise<ProviderResult>[] = [];
        return {
          async executeWithSession(session, invocation) {
            const answer = right.executeWithSession(session, invocation);
            answers.push(answer);
            await answer;
            return (await answers.at(-1)) ?? (await answer);
          },
        };
      }),
      caughtBy: [
        'opens one session for 64 cold calls at once',
        'gives each of 64 calls at once on one session its own answer',
        'gives calls of several callers at once their own answers',
      ],
      seen: 'got the answer of',
    },
    {
      what: 'hangs on abort',
      plugin: wrong((right) => ({
        executeWithSession: (session, invocation) =>
          right.executeWithSession(session, { ...invocation, signal: new AbortController().signal }),
      })),
      caughtBy: [
        'sends nothing for a call that was cancelled before it began',
        'lets go of a call as soon as it is cancelled, while the upstream still works on it',
      ],
      seen: 'executeWithSession, after its signal aborted, has not settled after 5000 ms.',
    },
    {
      what: 'takes a lost session for a wrong call',
      plugin: wrong((right) => ({
        classifyError(error): ErrorVerdict {
          const lost = error instanceof ParrotRefusal && error.status === 404;
          return lost ? { kind: 'caller', sent: false } : right.classifyError(error);
        },
      })),
      caughtBy: [
        'answers on one new session after the upstream forgot the last one',
        'answers 64 calls at once on one new session after the upstream forgot the last one',
        'answers after the upstream restarted at the same address',
        'finds a session lost that the upstream has forgotten',
      ],
      seen: 'A call on a session that the upstream had forgotten got the verdict "caller".',
    },
    {
      what: 'says of every call that failed that it was never sent',
      plugin: wrong((right) => ({ classifyError: (error) => ({ ...right.classifyError(error), sent: false }) })),
      caughtBy: ['does not claim that a call was never sent when it had reached the upstream'],
      seen: 'A call that had reached the upstream got a verdict of "sent: false".',
    },
    {
      what: 'has no verdict on what it does not know',
      plugin: wrong((right) => ({
        classifyError: (error) => (error instanceof Error ? right.classifyError(error) : (undefined as never)),
      })),
      caughtBy: ['has a verdict on anything that can be thrown'],
      seen: 'The verdict on undefined is not well-formed: undefined',
    },
    {
      what: 'takes a refused token for a failure that passes',
      plugin: wrong((right) => ({
        classifyError(error): ErrorVerdict {
          const refused = error instanceof ParrotRefusal && error.status === 401;
          return refused ? { kind: 'transient', sent: false } : right.classifyError(error);
        },
      })),
      caughtBy: ['finds that a refusal of the kind "unauthorized" is one'],
      seen: 'A refusal of the kind "unauthorized" became {"verdict":"transient"}.',
    },
    {
      what: 'changes the input that it is handed',
      plugin: wrong((right) => ({
        async executeWithSession(session, invocation) {
          const result = await right.executeWithSession(session, invocation);
          Object.assign(invocation.input as object, { seen: true });
          return result;
        },
      })),
      caughtBy: ['changes nothing that it is handed'],
      seen: 'executeWithSession changed the capability, caller or input that it was handed.',
    },
    {
      what: 'has a session key that ignores the identity',
      plugin: wrong(() => ({
        sessionKey: (capability) => ({ upstream: [parrotUrl(capability)], identity: { kind: 'none' } }),
      })),
      caughtBy: ['makes another session key for another identity'],
      seen: 'The session key is the same whichever variable parrot_auth_env_var names',
    },
    {
      what: 'has a session key that ignores the upstream',
      plugin: wrong((right) => ({
        sessionKey: (capability, caller) => ({ ...right.sessionKey(capability, caller), upstream: ['parrot'] }),
      })),
      caughtBy: ['keeps two upstreams apart'],
      seen: 'Two upstreams have the same session key',
    },
    {
      what: 'has a session key that changes',
      plugin: wrong((right) => {
        let asked = 0;
        return {
          sessionKey: (capability, caller) => ({ ...right.sessionKey(capability, caller), upstream: [`${asked++}`] }),
        };
      }),
      caughtBy: [
        ...oneSession.slice(1),
        'makes the same well-formed session key of the same capability and caller',
        'opens one session for 64 cold calls at once',
      ],
      seen: 'The same capability and caller gave different session keys',
    },
    {
      what: 'shares one session among all callers',
      plugin: wrong((right) => {
        const shared: ReturnType<Parrot['initializeSession']>[] = [];
        return { initializeSession: (request) => (shared[0] ??= right.initializeSession(request)) };
      }),
      caughtBy: [
        'opens 2 for 4 calls where sessions are shared by caller',
        'ends the sessions of all callers at close',
      ],
      seen: 'The upstream counted 1 sessions opened instead of 2.',
    },
    {
      what: 'rejects when it is asked twice to end a session',
      plugin: wrong((_right, host) => ({
        terminateSession: async ({ url, id, capability, caller }) =>
          void (await ask(host, { capability, caller, url: `${url}/sessions/${id}`, method: 'DELETE' })),
      })),
      caughtBy: [
        'ends a session once when asked twice, and resolves both times',
        'resolves for a session that the upstream has forgotten',
      ],
      seen: 'terminateSession rejected the second time',
    },
    {
      what: 'calls without a secret where none is set',
      plugin: wrong((right, host) => ({
        initializeSession: async (request) => {
          const url = parrotUrl(request.capability);
          const token = await tokenOf(host, request).catch(() => 'guest');
          return token === 'guest' ? { ...request, url, id: 'guest' } : await right.initializeSession(request);
        },
        executeWithSession: async (session, invocation) =>
          session.id === 'guest' ? { output: {}, isError: false } : await right.executeWithSession(session, invocation),
      })),
      caughtBy: ['says which variable is not set, and sends nothing'],
      seen: 'A call without its secret',
    },
    {
      what: 'completes with what is no text',
      plugin: wrong(() => ({ complete: async () => ({ values: [7 as unknown as string] }) })),
      caughtBy: ['suggests values for an argument on the session that calls use'],
      seen: 'What was suggested is not all text: {"values":[7]}',
    },
    {
      what: 'completes on although nobody waits',
      plugin: wrong((right) => ({
        complete: (session, request) => right.complete(session, { ...request, signal: new AbortController().signal }),
      })),
      caughtBy: ['suggests nothing when that was cancelled before it began'],
      seen: 'A completion whose signal had aborted was answered.',
    },
    {
      what: 'loses the task of a call',
      plugin: wrong((right) => ({
        async executeWithSession(session, invocation) {
          const { task: _task, ...result } = await right.executeWithSession(session, invocation);
          return result;
        },
      })),
      caughtBy: ['answers a call with the handle of a task, and brings it to its result'],
      seen: 'The call was answered without a task.',
    },
    {
      what: 'knows its tasks only on the session that began them',
      plugin: wrong((right) => {
        const owners = new Map<string, unknown>();
        return {
          async executeWithSession(session, invocation) {
            const result = await right.executeWithSession(session, invocation);
            if (result.task !== undefined) owners.set(result.task.id, session);
            return result;
          },
          async getTask(session, task, signal) {
            if (owners.get(task.id) !== session) throw new ParrotRefusal(410);
            return await right.getTask(session, task, signal);
          },
        };
      }),
      caughtBy: ['takes a handle that was written down, also on another session'],
      seen: 'The parrot answered 410.',
    },
    {
      what: 'takes an unknown task for a lost session',
      plugin: wrong((right) => ({
        classifyError(error): ErrorVerdict {
          const gone = error instanceof ParrotRefusal && error.status === 410;
          return gone ? { kind: 'session-lost', sent: false } : right.classifyError(error);
        },
      })),
      caughtBy: ['refuses a task that the upstream does not know, and keeps the session'],
      seen: 'The runtime opened 3 sessions instead of 1.',
    },
    {
      what: 'claims a key of another plugin',
      plugin: wrong((right) => ({
        metadataSchema: { allOf: [right.metadataSchema], properties: { other_key: { description: 'Not ours.' } } },
      })),
      caughtBy: ['owns every key of its metadata schema and describes it'],
      seen: 'The key other_key does not start with parrot_.',
    },
  ])('$what', { timeout: 120_000 }, async ({ plugin, caughtBy, seen }) => {
    const found = await violations(plugin, caughtBy);
    expect(found.join('\n')).toContain(seen);
  });
});

it('says what it expected and why, and what it saw', async () => {
  const plugin = wrong(() => ({ classifyError: () => ({ kind: 'lost' }) as never }));
  expect(await violations(plugin, ['has a verdict on anything that can be thrown'])).toEqual([
    'A provider plugin has a verdict on anything that can be thrown. ' +
      'What is thrown comes from anywhere, and a classifyError that throws hides it.\n' +
      'Seen: The verdict on undefined is not well-formed: {"kind":"lost"}',
  ]);
});

it('names what an upstream cannot provoke, and what it would take', async () => {
  const right = parrotContract(parrotProvider);
  const { checks, uncovered } = await contractChecks({
    ...right,
    secrets: [],
    upstream: {
      async start() {
        const { counts, dropSessions, stop, tcp, environment } = await right.upstream.start();
        return { counts, dropSessions, stop, environment: { ...environment, ...tcp?.environment(tcp.port) } };
      },
    },
  });
  expect(uncovered).toContainEqual({
    subject: 'timeout',
    name: 'keeps the session when a call takes too long',
    missing: ['hold'],
  });
  expect(new Set(uncovered.flatMap(({ missing }) => missing))).toEqual(new Set(['hold', 'restart', 'tcp', 'secrets']));
  const found = checks.map(({ name }) => name);
  expect(found).toContain('answers on one new session after the upstream forgot the last one');
  expect(found).not.toContain('keeps the session when a call takes too long');
});
