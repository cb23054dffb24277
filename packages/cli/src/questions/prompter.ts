import { createInterface } from 'node:readline';

/** A dialogue with the person at the terminal. Whoever opens it disposes of it, and Ctrl-C is the shell's again. */
export interface Prompter extends Disposable {
  say(text: string): void;
  /** One line, without the space around it. Undefined: the person ended the dialogue (Ctrl-D). Rejects with the signal's reason. */
  ask(question: string): Promise<string | undefined>;
}

export interface PrompterOptions {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
  /** Whether `output` is a terminal, where lines can be edited. */
  readonly terminal: boolean;
  /** Ends what is being asked. */
  readonly signal: AbortSignal;
  /** Ctrl-C, which does not come as a signal while a line is edited. */
  readonly onInterrupt: () => void;
}

/** Lines that come before they are asked for, pasted ones for example, are kept for the next question of the same dialogue. */
export function openPrompter({ input, output, terminal, signal, onInterrupt }: PrompterOptions): Prompter {
  const lines: string[] = [];
  let isOver = false;
  let wake = (): void => {};
  const reader = createInterface({ input, output, terminal, historySize: 0 });
  reader.on('line', (line) => {
    lines.push(line);
    wake();
  });
  reader.on('close', () => {
    isOver = true;
    wake();
  });
  reader.on('SIGINT', onInterrupt);
  const onAbort = (): void => wake();
  signal.addEventListener('abort', onAbort);
  return {
    say: (text) => {
      output.write(`${text}\n`);
    },
    ask: async (question) => {
      const [written] = lines;
      if (written !== undefined) output.write(`${question}${written}\n`);
      else if (!isOver) {
        reader.setPrompt(question);
        reader.prompt();
      }
      while (lines.length === 0 && !isOver && !signal.aborted) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      if (signal.aborted) output.write('\n');
      signal.throwIfAborted();
      const line = lines.shift();
      // The terminal stands behind the question still.
      if (line === undefined) output.write('\n');
      return line?.trim();
    },
    [Symbol.dispose]: () => {
      signal.removeEventListener('abort', onAbort);
      reader.close();
      input.pause();
    },
  };
}
