import type { ExitCode } from '../exit-codes.ts';
import { findCapability } from '../find-capability.ts';
import type { GlobalOptions } from '../global-options.ts';
import type { Output } from '../output.ts';
import { askedBy } from '../questions/asked-by.ts';
import { type AnswerOptions, preparedAnswers } from '../questions/prepared-answers.ts';
import { questionAnswers } from '../questions/question-answers.ts';
import { resultText } from '../result-text.ts';
import { failed, runCancellable } from '../run-cancellable.ts';
import { visible } from '../style.ts';
import { parseHandle } from '../task-handle.ts';
import { statusText, waitForTask } from '../wait-for-task.ts';

export interface TaskCommandOptions extends GlobalOptions, AnswerOptions {
  readonly cancel?: boolean;
  /** False: the state is printed as it is. */
  readonly wait: boolean;
  readonly color: boolean;
}

export async function task(
  id: string,
  handleWord: string,
  options: TaskCommandOptions,
  output: Output,
): Promise<ExitCode> {
  const prepared = preparedAnswers(options);
  const handle = parseHandle(handleWord);
  return await runCancellable(options, output, async (loaded, cancellation) => {
    const { runtime } = loaded;
    const capability = await findCapability(id, loaded);
    const { signal } = cancellation;
    try {
      if (options.cancel === true || !options.wait) {
        const control = runtime.task(id, handle, { signal });
        const status = await (options.cancel === true ? control.cancel() : control.status());
        output.answer({ document: status, text: () => visible(statusText(status)) });
        return 0;
      }
      const who = (): string => askedBy(runtime, capability);
      const questions = questionAnswers({ ...prepared, who, output, color: options.color, mayAsk: true, signal });
      const result = await waitForTask({ runtime, id, handle, questions, output, signal, owned: false });
      output.answer({ document: result, text: (style) => resultText(result, style) });
      if (!result.isError) return 0;
      output.note(`${id} reported failure.`);
      return 1;
    } catch (error) {
      return failed(error, cancellation, output);
    }
  });
}
