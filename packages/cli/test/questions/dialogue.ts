import { PassThrough } from 'node:stream';
import { openPrompter, type Prompter } from '../../src/questions/prompter.ts';

/** A dialogue with somebody who writes `lines` and then hangs up, and what they were shown. */
export async function dialogue<T>(
  lines: readonly string[],
  talk: (prompter: Prompter) => Promise<T>,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ readonly answer: T; readonly shown: string }> {
  const input = new PassThrough();
  const output = new PassThrough();
  let shown = '';
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString();
  });
  input.end(lines.map((line) => `${line}\n`).join(''));
  using prompter = openPrompter({ input, output, terminal: false, signal, onInterrupt: () => {} });
  return { answer: await talk(prompter), shown };
}
