import type { TaskStatus } from '@capstan/provider';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kilnHandle, kilnRuntime } from '../support/kiln-provider.ts';
import { KilnServer } from '../support/kiln-server.ts';

let server: KilnServer;

beforeEach(async () => {
  server = await KilnServer.start();
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
});

const working: TaskStatus = { state: 'working', pollAfterMs: 1 };
const done: TaskStatus = { state: 'completed', result: { output: { pot: 'blue' }, isError: false } };
const never = new AbortController().signal;

/** What looks at the task see. */
function firing(...states: readonly TaskStatus[]): void {
  server.firing.splice(0, Infinity, ...states);
}

describe('waiting for a task', () => {
  it('asks until the task has ended, tells each state, and resolves with its result', async () => {
    const { runtime } = await kilnRuntime(server);
    firing(working, { ...working, message: 'hot' }, done);
    const seen: TaskStatus[] = [];
    const result = await runtime.task('kiln.fire', kilnHandle).wait({ signal: never, onStatus: (s) => seen.push(s) });
    expect(result).toEqual(done.result);
    expect(seen.map(({ state, message }) => [state, message])).toEqual([
      ['working', undefined],
      ['working', 'hot'],
      ['completed', undefined],
    ]);
    await runtime.close();
  });

  it('answers each question once, also where the upstream goes on asking it', async () => {
    const { runtime } = await kilnRuntime(server);
    const question = { kind: 'elicitation', params: { message: 'Which glaze?' } } as const;
    const asking: TaskStatus = { state: 'input-required', inputRequests: { glaze: question }, pollAfterMs: 1 };
    firing(asking, asking, asking, working, done);
    const asked: unknown[] = [];
    const result = await runtime.task('kiln.fire', kilnHandle).wait({
      signal: never,
      onInputRequired: async (request) => {
        asked.push(request);
        return { action: 'accept', content: { glaze: 'celadon' } };
      },
    });
    expect(result.output).toEqual({ pot: 'blue' });
    expect(asked).toEqual([question]);
    expect(server.bodies('tasks/answers')).toEqual([
      { responses: { glaze: { action: 'accept', content: { glaze: 'celadon' } } }, shelf: 3 },
    ]);
    await runtime.close();
  });

  it.each([
    [
      { state: 'failed', message: 'It cracked.' },
      { code: 'UPSTREAM_ERROR', retryable: false, message: /failed: It cracked/ },
    ],
    [{ state: 'cancelled' }, { code: 'CANCELLED', message: /was cancelled/ }],
    [{ state: 'completed' }, { code: 'UPSTREAM_ERROR', message: /without a result/ }],
  ] as const)('rejects where it ended as %j', async (status, { message, ...rest }) => {
    const { runtime } = await kilnRuntime(server);
    firing(status);
    await expect(runtime.task('kiln.fire', kilnHandle).wait({ signal: never })).rejects.toMatchObject({
      ...rest,
      message: expect.stringMatching(message),
      details: { task: 'pot-1' },
    });
    await runtime.close();
  });

  it('ends when it is cancelled or the runtime closes, and the task goes on', async () => {
    const { runtime } = await kilnRuntime(server);
    firing({ state: 'working', pollAfterMs: 60_000 });
    const controller = new AbortController();
    const looked = (): Promise<void> => server.arrival('tasks');
    const first = looked();
    const waiting = runtime.task('kiln.alone', kilnHandle).wait({
      signal: controller.signal,
      onStatus: () => controller.abort(),
    });
    await first;
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED', message: expect.stringContaining('goes on') });
    const closing = runtime
      .task('kiln.alone', kilnHandle)
      .wait({ signal: never, onStatus: () => void runtime.close() });
    await expect(closing).rejects.toMatchObject({ code: 'CLOSED' });
    expect(server.bodies('tasks/stop')).toEqual([]);
    await runtime.close();
  });

  it('ends likewise while a question is not answered', async () => {
    const { runtime } = await kilnRuntime(server);
    firing({ state: 'input-required', inputRequests: { glaze: { kind: 'elicitation', params: {} } } });
    const controller = new AbortController();
    const asked = (then: () => void) => (): Promise<never> => {
      then();
      return Promise.withResolvers<never>().promise;
    };
    const task = runtime.task('kiln.alone', kilnHandle);
    const waiting = task.wait({ signal: controller.signal, onInputRequired: asked(() => controller.abort()) });
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' });
    const closing = task.wait({ signal: never, onInputRequired: asked(() => void runtime.close()) });
    await expect(closing).rejects.toMatchObject({ code: 'CLOSED' });
  });

  it('outlasts failures that pass, not those that stay', async () => {
    const { runtime } = await kilnRuntime(server, { metadata: { call_timeout_ms: 5_000 } });
    firing(done);
    server.refusals.push(503, 503, 503, 503);
    expect(await runtime.task('kiln.alone', kilnHandle).wait({ signal: never })).toEqual(done.result);
    server.refusals.push(403);
    await expect(runtime.task('kiln.alone', kilnHandle).wait({ signal: never })).rejects.toMatchObject({
      code: 'UPSTREAM_ERROR',
    });
    await runtime.close();
  });
});
