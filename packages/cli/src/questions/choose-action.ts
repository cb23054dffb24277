import { visible } from '../style.ts';
import type { Prompter } from './prompter.ts';

/** `[Y]es, [d]ecline, [c]ancel`: asks until one is chosen, by its word or first letter. The end of the dialogue is `cancel`. */
export async function chooseAction<A extends string>(
  prompter: Prompter,
  question: string,
  actions: readonly A[],
  /** What an empty line means; none: it has to be said. */
  usual?: A,
): Promise<A | 'cancel'> {
  const words = actions.map((action) => {
    const letter = action.slice(0, 1);
    return `[${action === usual ? letter.toUpperCase() : letter}]${action.slice(1)}`;
  });
  for (;;) {
    const line = (await prompter.ask(`${question} ${words.join(', ')}: `))?.toLowerCase();
    if (line === undefined) return 'cancel';
    const chosen = line === '' ? usual : actions.find((action) => action === line || action.slice(0, 1) === line);
    if (chosen !== undefined) return chosen;
  }
}

/** What an upstream says, marked as such in each line, so that it cannot pass for what the command says. */
export function quoted(text: string): string {
  return visible(text).trimEnd().replaceAll(/^/gm, '  | ');
}
