import type { Capability, Completion } from '@capstan/provider';
import { announceOpening } from '../announce-opening.ts';
import type { ExitCode } from '../exit-codes.ts';
import { findCapability } from '../find-capability.ts';
import type { GlobalOptions } from '../global-options.ts';
import type { Output } from '../output.ts';
import { failed, runCancellable } from '../run-cancellable.ts';
import { isObject } from '../questions/form-field.ts';
import { visible } from '../style.ts';
import { UsageError } from '../usage-error.ts';

export interface CompleteCommandOptions extends GlobalOptions {
  /** `name=value`. */
  readonly given?: readonly string[];
}

export async function complete(
  id: string,
  argument: { readonly name: string; readonly value: string },
  options: CompleteCommandOptions,
  output: Output,
): Promise<ExitCode> {
  const context = givenArguments(options.given ?? []);
  return await runCancellable(options, output, async (loaded, cancellation) => {
    const capability = await findCapability(id, loaded);
    try {
      const { signal } = cancellation;
      using _notice = announceOpening(loaded.runtime.marketplace.events, capability, output);
      const completion = await loaded.runtime.complete(id, { argument, ...(context && { context }) }, { signal });
      // Nothing to suggest is no line at all.
      const text = completion.values.map((value) => `${visible(value)}\n`).join('');
      output.answer({ document: completion, text: () => text });
      const more = moreText(completion, argument.name, capability);
      if (more !== undefined) output.note(more);
      return 0;
    } catch (error) {
      return failed(error, cancellation, output);
    }
  });
}

function givenArguments(words: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (words.length === 0) return undefined;
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at < 1) throw new UsageError(`"${word}" (--given) is not name=value.`);
      return [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}

function moreText({ values, total, hasMore }: Completion, argument: string, { input }: Capability): string | undefined {
  const declared = isObject(input?.['properties']) ? Object.keys(input['properties']) : [];
  if (values.length === 0)
    return declared.length === 0 || declared.includes(argument)
      ? 'No suggestions.'
      : visible(`No suggestions. The manifest declares no argument "${argument}", but ${declared.join(', ')}.`);
  if (total !== undefined && total > values.length) return `… and ${total - values.length} more: type more of it.`;
  return hasMore === true ? '… and more: type more of it.' : undefined;
}
