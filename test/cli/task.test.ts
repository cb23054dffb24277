import type { TaskStatus } from '@capstan/provider';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { documentOf } from './capstan.ts';
import { type Kiln, kiln } from './kiln-upstream.ts';

let oven: Kiln;
beforeEach(async () => {
  oven = await kiln();
});
afterEach(async () => {
  await oven[Symbol.asyncDispose]();
});

const handle = '{"id":"pot-1","state":{"shelf":3}}';
const working: TaskStatus = { state: 'working', message: 'hot', pollAfterMs: 1 };
const done: TaskStatus = { state: 'completed', result: { output: { pot: 'blue' }, isError: false } };

describe('a call that goes on as a task', () => {
  test('is waited for, and what comes of it is the answer', async () => {
    oven.firing.push(working, working, done);
    const finished = await oven.run(['call', 'kiln.slow', '--json', '--verbose']);
    expect(documentOf(finished)).toMatchObject({ output: { pot: 'blue' }, isError: false, call: { attempts: 1 } });
    expect(finished.stderr).toContain('kiln.slow: working, hot\n');
  });

  test('prints its handle with --no-wait, and capstan task waits for it in another process', async () => {
    const begun = await oven.run(['call', 'kiln.slow', '--no-wait']);
    expect(begun).toEqual({
      exitCode: 0,
      stdout: `${handle}\n`,
      stderr: `The upstream goes on with it: capstan task kiln.slow '${handle}'
The session of the call ends now. An upstream that keeps tasks by session forgets it.\n`,
    });
    oven.firing.push(working, done);
    const looked = await oven.run(['task', 'kiln.slow', handle, '--no-wait']);
    expect(looked).toMatchObject({ exitCode: 0, stdout: 'working, hot\n' });
    const ended = await oven.run(['task', 'kiln.slow', handle, '--json']);
    expect(documentOf(ended)).toEqual(done.result);
  });

  test('is asked to end by --cancel', async () => {
    const finished = await oven.run(['task', 'kiln.slow', 'pot-1', '--cancel', '--json']);
    expect(documentOf(finished)).toEqual({ state: 'cancelled' });
  });

  test('has its questions answered', async () => {
    oven.firing.push(
      {
        state: 'input-required',
        inputRequests: { sure: { kind: 'elicitation', params: { message: 'Sure?' } } },
        pollAfterMs: 1,
      },
      working,
      done,
    );
    const finished = await oven.run(['call', 'kiln.slow', '--json', '--answer', '{"action": "accept"}']);
    expect(documentOf(finished)).toMatchObject({ output: { pot: 'blue' } });
    expect(oven.requests.find(({ path }) => path.endsWith('/answers'))?.body).toEqual({
      sure: { action: 'accept', content: {} },
    });
  });

  test('ends the command with the failure of a task that fails', async () => {
    oven.firing.push({ state: 'failed', message: 'It cracked.' });
    const finished = await oven.run(['task', 'kiln.slow', 'pot-1', '--json']);
    expect(finished.exitCode).toBe(7);
    expect(documentOf(finished)).toMatchObject({ error: { code: 'UPSTREAM_ERROR', retryable: false } });
  });
});

describe('Ctrl-C', () => {
  test('cancels the task with the call that began it', async () => {
    oven.firing.push({ ...working, pollAfterMs: 60_000 });
    const { child, finished } = oven.start(['call', 'kiln.slow']);
    await oven.arrived('/tasks/pot-1');
    child.kill('SIGINT');
    const { exitCode, stderr } = await finished;
    expect(exitCode).toBe(130);
    expect(stderr).toContain('told to cancel the task; its state: cancelled');
    expect(oven.requests.map(({ path }) => path)).toContain('/tasks/pot-1/stop');
  });

  test('of capstan task ends the waiting only, and says how to end the task', async () => {
    oven.firing.push({ ...working, pollAfterMs: 60_000 });
    const { child, finished } = oven.start(['task', 'kiln.slow', handle]);
    await oven.arrived('/tasks/pot-1');
    child.kill('SIGTERM');
    const { exitCode, stderr } = await finished;
    expect(exitCode).toBe(143);
    expect(stderr).toContain(`To end it: capstan task kiln.slow '${handle}' --cancel`);
    expect(oven.requests.map(({ path }) => path)).not.toContain('/tasks/pot-1/stop');
  });
});

test('no such handle, and a provider without tasks, are told apart from failures', async () => {
  const [wrong, unable] = await Promise.all([
    oven.run(['task', 'kiln.slow', '{"shelf": 3}']),
    oven.run(['task', 'toy.echo', 'pot-1']),
  ]);
  expect(wrong).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--no-wait') });
  expect(unable).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('NOT_SUPPORTED') });
});
