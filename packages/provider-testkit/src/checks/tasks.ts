import type { ProviderPlugin, RunsTasks, TaskHandle, TaskStatus } from '@capstan/provider';
import { runsTasks, type TaskControl } from '@capstan/runtime';
import { randomUUID } from 'node:crypto';
import { type Bench, contractCaller } from '../contract-bench.ts';
import type { CheckGroup, Contract } from '../contract-check.ts';
import { expects, failureOf, rejection } from '../expectations.ts';

const states: ReadonlySet<string> = new Set<TaskStatus['state']>([
  'working',
  'input-required',
  'completed',
  'failed',
  'cancelled',
]);
const longestWaitMs = 10_000;

export const tasks: CheckGroup = {
  subject: 'tasks',
  appliesTo: runsTasks,
  checks: () => [
    {
      name: 'answers a call with the handle of a task, and brings it to its result',
      why: 'What comes of a task is the answer to its call.',
      needs: ['task'],
      async run(contract) {
        await using bench = await contract.open();
        const result = await begun(bench, contract, 'task').then(({ control }) =>
          control.wait({ signal: AbortSignal.timeout(longestWaitMs) }),
        );
        bench.expectAnswer('task', result);
        await bench.expectOpened(1);
      },
    },
    {
      name: 'takes a handle that was written down, also on another session',
      why: 'A task outlives the process that began it; what is known of it has to fit into a file.',
      needs: ['task'],
      async run(contract) {
        await using bench = await contract.open();
        const { handle } = await begun(bench, contract, 'kept');
        const read = JSON.parse(JSON.stringify(handle)) as TaskHandle;
        const other = bench.runtime.task(bench.capability.id, read, { caller: { subject: 'another process' } });
        bench.expectAnswer('kept', await other.wait({ signal: AbortSignal.timeout(longestWaitMs) }));
      },
    },
    {
      name: 'says how a task stands when it is asked to end it',
      why: 'Whether it was ended or had come to an end before is for the upstream to say.',
      needs: ['task'],
      async run(contract) {
        await using bench = await contract.open();
        const { control } = await begun(bench, contract, 'unwanted');
        expectStatus(await bench.settled(control.cancel(), 'cancelTask'));
        expectStatus(await bench.settled(control.status(), 'getTask'));
      },
    },
    {
      name: 'refuses a task that the upstream does not know, and keeps the session',
      why: 'A handle may be old or mistyped; other calls go on.',
      needs: ['task'],
      async run(contract) {
        await using bench = await contract.open();
        await bench.answer('warm');
        const unknown = bench.runtime.task(bench.capability.id, { id: `unknown-${randomUUID()}` });
        await bench.settled(failureOf(unknown.status(), 'A look at an unknown task'), 'getTask');
        await bench.answer('after');
        await bench.expectOpened(1);
      },
    },
    {
      name: 'lets go of a look whose signal aborted',
      why: 'Who waits for a task looks again and again, and may stop at any time.',
      needs: ['task'],
      async run(contract) {
        await using bench = await contract.open();
        const { handle } = await begun(bench, contract, 'left');
        const session = await bench.openSession();
        const { capability } = bench;
        const look = (bench.plugin as ProviderPlugin & RunsTasks).getTask(
          session,
          { ...handle, capability, caller: contractCaller },
          AbortSignal.abort(),
        );
        const rejected = await bench.settled(rejection(look), 'getTask, whose signal had aborted,');
        expects(rejected !== undefined, 'A look whose signal had aborted was answered.');
        await bench.settled(bench.plugin.terminateSession(session, 'explicit'), 'terminateSession');
      },
    },
  ],
};

/** A call that went on as a task. */
async function begun(
  bench: Bench,
  { options }: Contract,
  tag: string,
): Promise<{ readonly handle: TaskHandle; readonly control: TaskControl }> {
  expects(options.task !== undefined, 'The option "task" is needed.');
  const { id } = bench.capability;
  const result = await bench.runtime.call(id, options.task.input(tag));
  expects(!result.isError, `The call was answered with an error: ${JSON.stringify(result.output)}`);
  expects(result.task !== undefined, 'The call was answered without a task.');
  expects(typeof result.task.id === 'string' && result.task.id !== '', 'The handle of the task has no id.');
  return { handle: result.task, control: bench.runtime.task(id, result.task) };
}

function expectStatus(status: TaskStatus): void {
  expects(states.has(status.state), `The status of a task is not well-formed: ${JSON.stringify(status)}`);
}
