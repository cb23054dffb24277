import { spawn } from 'node:child_process';
import { capstanPath } from './capstan.ts';
import { kilnProviderPath } from './kiln-upstream.ts';

/** Of util-linux: gives a command a terminal, on which it passes what it gets and what it shows. */
const pseudoTerminal = 'script';

/** The command at a terminal of its own: what it shows there, and what is typed into it. */
export interface Terminal {
  /** Resolves when `text` is shown after what was awaited before. Rejects where the command ends without. */
  shows(text: string): Promise<void>;
  type(text: string): void;
  readonly finished: Promise<number | null>;
}

/** Runs the command with the kiln's plugin in a pseudo-terminal. Its stdout goes to the file `answer` in the folder, so that it can be told apart. */
export function atTerminal(
  folder: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Terminal {
  const words = [process.execPath, capstanPath, '--provider', kilnProviderPath, ...args];
  const command = `${words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ')} > answer`;
  const child = spawn(pseudoTerminal, ['-qefc', command, '/dev/null'], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', TERM: 'xterm', SHELL: '/bin/sh', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  let seen = 0;
  let look = (): void => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    shown += text;
    look();
  });
  // Who ended reads no more.
  child.stdin.on('error', () => {});
  const finished = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return {
    shows: async (text) => {
      const found = new Promise<void>((resolve) => {
        look = () => {
          const at = shown.indexOf(text, seen);
          if (at === -1) return;
          seen = at + text.length;
          resolve();
        };
        look();
      });
      const over = finished.then(() => {
        throw new Error(`The command ended and did not show "${text}": ${shown}`);
      });
      over.catch(() => {});
      await Promise.race([found, over]);
    },
    type: (text) => child.stdin.write(text),
    finished,
  };
}
