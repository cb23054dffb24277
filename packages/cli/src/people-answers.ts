import { describeError, stackOf } from './describe-error.ts';
import type { OutputFlags } from './global-options.ts';
import type { Answers, Notes } from './output.ts';
import { styleOf } from './style.ts';

/** Answers on stdout, failures on stderr. */
export function peopleAnswers(notes: Notes, { color }: OutputFlags): Answers {
  const outStyle = styleOf(process.stdout, color);
  const errorStyle = styleOf(process.stderr, color);
  return {
    answer: ({ text }) => {
      notes.clearProgress();
      const lines = text(outStyle);
      if (lines !== '') process.stdout.write(lines.endsWith('\n') ? lines : `${lines}\n`);
    },
    failure: (error, hint) => {
      notes.clearProgress();
      process.stderr.write(`${describeError(error, errorStyle, hint)}\n`);
      if (notes.verbose) notes.note(stackOf(error));
    },
  };
}
