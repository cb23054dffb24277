import { CapstanError, type ProviderResult, type TaskHandle, type TaskStatus } from '@capstan/provider';
import type { Runtime } from '@capstan/runtime';
import type { Output } from './output.ts';
import type { QuestionAnswers } from './questions/question-answers.ts';
import { handleText, shellWord } from './task-handle.ts';

/** How long an upstream may take to hear that a task is not wanted any more. */
const cancelWithinMs = 800;

export interface WaitForTaskOptions {
  readonly runtime: Runtime;
  /** The capability. */
  readonly id: string;
  readonly handle: TaskHandle;
  readonly questions: QuestionAnswers;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Whether cancelling the command cancels the task: who started it ends it, who only looks at it does not. */
  readonly owned: boolean;
}

/** Waits for the end of a task, tells how it stands and answers what it asks. Rejects as `TaskControl.wait` does. */
export async function waitForTask(options: WaitForTaskOptions): Promise<ProviderResult> {
  const { runtime, id, handle, questions, output, signal, owned } = options;
  try {
    return await runtime.task(id, handle).wait({
      signal,
      onStatus: (status) => {
        if (!questions.isAsking()) output.progress(`${id}: ${statusText(status)}`);
      },
      onInputRequired: questions.answer,
    });
  } catch (error) {
    if (!signal.aborted || !CapstanError.isInstance(error) || error.code !== 'CANCELLED') throw error;
    const word = shellWord(handleText(handle));
    if (!owned) output.note(`The task goes on. To end it: capstan task ${id} ${word} --cancel`);
    else await cancelTask(options, word);
    throw new CapstanError('CANCELLED', `Waiting for task ${handle.id} of ${id} was cancelled.`, {
      cause: error,
      details: error.details,
    });
  }
}

/** `working`, or what the upstream says of it. */
export function statusText({ state, message }: TaskStatus): string {
  return message === undefined || message === '' ? state : `${state}, ${message}`;
}

async function cancelTask({ runtime, id, handle, output }: WaitForTaskOptions, word: string): Promise<void> {
  try {
    const { state } = await runtime.task(id, handle, { maxTotalMs: cancelWithinMs }).cancel();
    output.note(`The upstream was told to cancel the task; its state: ${state}.`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    output.note(
      `The task may go on, the upstream did not confirm its end (${reason}). Look at it: capstan task ${id} ${word}`,
    );
  }
}
