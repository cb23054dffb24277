import { type Capability, type CapabilityResult, CapstanError, type Progress } from '@capstan/provider';
import type { Runtime } from '@capstan/runtime';
import { announceOpening } from '../announce-opening.ts';
import type { ExitCode } from '../exit-codes.ts';
import { findCapability } from '../find-capability.ts';
import type { GlobalOptions } from '../global-options.ts';
import type { Output } from '../output.ts';
import { askedBy } from '../questions/asked-by.ts';
import { type AnswerOptions, preparedAnswers } from '../questions/prepared-answers.ts';
import { type QuestionAnswers, questionAnswers } from '../questions/question-answers.ts';
import { readInput } from '../read-input.ts';
import { jsonText, resultText } from '../result-text.ts';
import { failed, runCancellable } from '../run-cancellable.ts';
import { inputUsage } from '../schema-types.ts';
import { handleText, shellWord } from '../task-handle.ts';
import { waitForTask } from '../wait-for-task.ts';

export interface CallCommandOptions extends GlobalOptions, AnswerOptions {
  readonly input?: string;
  /** Milliseconds for all of the call. */
  readonly timeout?: number;
  /** False: a task that goes on is not waited for. */
  readonly wait: boolean;
  readonly color: boolean;
}

export async function call(
  id: string,
  words: readonly string[],
  options: CallCommandOptions,
  output: Output,
): Promise<ExitCode> {
  const prepared = preparedAnswers(options);
  return await runCancellable(options, output, async (loaded, cancellation) => {
    const { runtime } = loaded;
    const capability = await findCapability(id, loaded);
    const { signal } = cancellation;
    try {
      const input = await readInput(words, { id, file: options.input, schema: capability.input, signal });
      const over = new AbortController();
      const questions = questionAnswers({
        ...prepared,
        who: () => askedBy(runtime, capability),
        output,
        color: options.color,
        mayAsk: options.input !== '-',
        signal: AbortSignal.any([signal, over.signal]),
      });
      try {
        const result = await callOnce({ runtime, capability, input, options, output, questions, signal });
        if (result.task === undefined || !options.wait) return report(id, result, output);
        const { task, ...begun } = result;
        const ended = await waitForTask({ runtime, id, handle: task, questions, output, signal, owned: true });
        return report(id, { ...ended, call: begun.call }, output);
      } finally {
        over.abort(new CapstanError('CANCELLED', 'The call is over.'));
      }
    } catch (error) {
      return failed(error, cancellation, output, hintOf(error, capability));
    }
  });
}

interface OneCall {
  readonly runtime: Runtime;
  readonly capability: Capability;
  readonly input: Parameters<Runtime['call']>[1];
  readonly options: CallCommandOptions;
  readonly output: Output;
  readonly questions: QuestionAnswers;
  readonly signal: AbortSignal;
}

async function callOnce(parts: OneCall): Promise<CapabilityResult> {
  const { runtime, capability, input, options, output, questions, signal } = parts;
  const { id } = capability;
  using notice = announceOpening(runtime.marketplace.events, capability, output);
  return await runtime.call(id, input, {
    signal,
    ...(options.timeout !== undefined && { maxTotalMs: options.timeout }),
    onProgress: (progress) => {
      notice.heard();
      if (!questions.isAsking()) output.progress(progressText(id, progress));
    },
    ...(output.verbose && {
      onLog: ({ level, logger = id, data }) => output.note(`${level}: ${logger}: ${jsonText(data)}`),
    }),
    onInputRequired: (request) => {
      notice.heard();
      return questions.answer(request);
    },
    clientCapabilities: questions.capabilities,
  });
}

function report(id: string, result: CapabilityResult, output: Output): ExitCode {
  const { task } = result;
  output.answer({
    document: result,
    text: (style) => (task === undefined ? resultText(result, style) : handleText(task)),
  });
  if (task !== undefined) {
    output.note(`The upstream goes on with it: capstan task ${id} ${shellWord(handleText(task))}`);
    if (result.call.session !== 'none')
      output.note('The session of the call ends now. An upstream that keeps tasks by session forgets it.');
  }
  if (output.verbose) {
    const { session, durationMs, attempts } = result.call;
    const tries = attempts > 1 ? `, ${attempts} attempts` : '';
    output.note(`session: ${session}, ${Math.round(durationMs)} ms${tries}`);
  }
  if (!result.isError) return 0;
  output.note(`${id} reported failure.`);
  return 1;
}

function progressText(id: string, { progress, total, message }: Progress): string {
  const share = total === undefined ? String(progress) : `${progress}/${total}`;
  return `${id}: ${share}${message === undefined ? '' : ` ${message}`}`;
}

function hintOf(error: unknown, { id, input }: Capability): string | undefined {
  if (!CapstanError.isInstance(error) || error.code !== 'INPUT_INVALID' || input === undefined) return undefined;
  const usage = inputUsage(input);
  return usage === '' ? undefined : `capstan call ${id} ${usage}`;
}
