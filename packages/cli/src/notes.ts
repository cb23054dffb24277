import type { OutputFlags } from './global-options.ts';
import type { Notes } from './output.ts';
import { styleOf, visible } from './style.ts';

const mostProblemsShown = 3;
const clearLine = '\r\u001b[2K';

export function notesOn(stream: NodeJS.WriteStream, { verbose, color }: OutputFlags): Notes {
  const { paint, columns } = styleOf(stream, color);
  let progressShown = false;
  const clearProgress = (): void => {
    if (progressShown) stream.write(clearLine);
    progressShown = false;
  };
  const writeLine = (text: string): void => {
    clearProgress();
    stream.write(`${text}\n`);
  };
  return {
    verbose,
    clearProgress,
    note: (text) => writeLine(visible(text)),
    event: ({ type, ...facts }) => {
      const words = Object.entries(facts).map(([key, fact]) => `${key}=${factText(fact)}`);
      writeLine(paint('dim', visible([type, ...words].join(' '))));
    },
    problems: (problems) => {
      if (problems.length === 0) return;
      const shown = problems.slice(0, mostProblemsShown).map((problem) => `  ${problem}`);
      const rest = problems.length > shown.length ? [`  … and ${problems.length - shown.length} more`] : [];
      const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
      const head = `${count} in the manifests (\`capstan validate\` shows all; files with errors are left out):`;
      writeLine([paint('yellow', head), ...shown, ...rest].join('\n'));
    },
    progress: (text) => {
      const line = visible(text.replaceAll(/\s+/g, ' '));
      if (columns !== undefined) {
        stream.write(clearLine + (line.length < columns ? line : `${line.slice(0, Math.max(0, columns - 2))}…`));
        progressShown = true;
      } else if (verbose) stream.write(`${line}\n`);
    },
  };
}

function factText(fact: unknown): string {
  if (typeof fact === 'number') return String(Math.round(fact * 10) / 10);
  return typeof fact === 'string' && /^[^\s="]+$/.test(fact) ? fact : JSON.stringify(fact);
}
