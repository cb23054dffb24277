import { type Capability, CapstanError } from '@capstan/provider';
import { type ChangedCapability, DraftPreparer, editManifest, pinKey, ProviderRegistry } from '@capstan/runtime';
import { readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Cancellation } from '../cancellation.ts';
import { changeText, definitionChanges } from '../definition-changes.ts';
import { type ExitCode, exitCodeOf } from '../exit-codes.ts';
import { findCapability } from '../find-capability.ts';
import type { GlobalOptions } from '../global-options.ts';
import { refuseBroken, shown } from '../import-plan.ts';
import type { LoadedRuntime } from '../load-runtime.ts';
import { lookAgain, type LookedAgain } from '../look-again.ts';
import type { Output } from '../output.ts';
import { openPrompter } from '../questions/prompter.ts';
import { failed, runCancellable } from '../run-cancellable.ts';
import { type Style, visible } from '../style.ts';
import { UsageError } from '../usage-error.ts';
import { writeTextFile } from '../write-text-file.ts';

export interface AcceptOptions extends GlobalOptions {
  readonly all?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

export async function accept(ids: readonly string[], options: AcceptOptions, output: Output): Promise<ExitCode> {
  return await runCancellable(options, output, async (loaded, cancellation) => {
    try {
      const chosen = await choose(ids, options.all === true, loaded);
      const preparer = new DraftPreparer(new ProviderRegistry(loaded.runtime.providers));
      const looked = await lookAgain(chosen, loaded.runtime, preparer, cancellation.signal, output);
      const isAccepted = looked.changed.length > 0 && (await confirm(looked, options, cancellation, output));
      if (isAccepted) await rewrite(looked.changed, preparer);
      return finish(looked, isAccepted, isInteractive(options) && options.yes !== true, output);
    } catch (error) {
      return failed(error, cancellation, output);
    }
  });
}

async function choose(ids: readonly string[], all: boolean, loaded: LoadedRuntime): Promise<readonly Capability[]> {
  if (all && ids.length > 0) throw new UsageError('Name capabilities, or say --all; not both.');
  if (!all && ids.length === 0)
    throw new UsageError('Say what to look at: capstan accept <id…>, or --all for all that are pinned.');
  if (!all) return await Promise.all([...new Set(ids)].map((id) => findCapability(id, loaded)));
  const pinned = loaded.runtime.marketplace.list().filter(({ metadata }) => pinKey(metadata) !== undefined);
  if (pinned.length === 0)
    throw new UsageError(
      'No capability is pinned. `capstan import` pins what it imports; `capstan accept <id>` pins one.',
    );
  return pinned;
}

function isInteractive({ json }: AcceptOptions): boolean {
  return json !== true && process.stdin.isTTY && process.stderr.isTTY;
}

async function confirm(
  { changed }: LookedAgain,
  options: AcceptOptions,
  { signal }: Cancellation,
  output: Output,
): Promise<boolean> {
  if (options.yes === true) return true;
  if (!isInteractive(options)) return false;
  for (const change of changed) output.note(changeLines(change, (_, text) => text).join('\n'));
  using prompter = openPrompter({
    input: process.stdin,
    output: process.stderr,
    terminal: true,
    signal,
    onInterrupt: () => process.kill(process.pid, 'SIGINT'),
  });
  try {
    const answer = await prompter.ask(`Accept ${changed.length === 1 ? 'this' : `all ${changed.length}`}? [y/N] `);
    return /^y(?:es)?$/i.test(answer ?? '');
  } catch (cause) {
    throw new CapstanError('CANCELLED', 'Nothing was accepted.', { cause });
  }
}

async function rewrite(changed: readonly ChangedCapability[], preparer: DraftPreparer): Promise<void> {
  const byFile = Map.groupBy(changed, ({ capability }) => capability.source.file);
  const texts = new Map<string, string>();
  for (const [file, changes] of byFile) {
    const path = await realpath(file);
    const text = editManifest(shown(file), await readFile(path, 'utf8'), { changed: changes });
    refuseBroken(file, text, preparer);
    texts.set(path, text);
  }
  for (const [path, text] of texts) await writeTextFile(path, text, dirname(path));
}

function finish(looked: LookedAgain, isAccepted: boolean, wasShown: boolean, output: Output): ExitCode {
  const { changed, unchanged, gone, failures } = looked;
  const [failure] = failures;
  if (failure !== undefined && changed.length + unchanged.length + gone.length === 0) throw failure;
  output.answer({
    document: {
      accepted: isAccepted,
      changed: changed.map((change) => ({
        id: change.capability.id,
        file: change.capability.source.file,
        fields: change.fields,
        changes: definitionChanges(change),
        warnings: change.draft.warnings,
      })),
      unchanged: unchanged.map(({ id }) => id),
      gone: gone.map(({ id }) => id),
      failures: failures.map((error) => error.toJSON()),
    },
    text: (style) => reportText(looked, isAccepted, wasShown, style),
  });
  if (failure !== undefined) return exitCodeOf(failure);
  return gone.length > 0 || (changed.length > 0 && !isAccepted) ? 10 : 0;
}

function reportText(
  { changed, unchanged, gone, failures }: LookedAgain,
  isAccepted: boolean,
  wasShown: boolean,
  { paint }: Style,
): string {
  const lines = [
    ...(wasShown ? [] : changed.flatMap((change) => changeLines(change, paint))),
    ...gone.map(
      ({ id, source }) =>
        `${paint('red', visible(id))} is no longer offered; delete it in ${visible(shown(source.file))}:${source.line}`,
    ),
    ...failures.map(({ code, message }) => `${paint('red', `error ${code}:`)} ${visible(message)}`),
  ];
  const files = new Set(changed.map(({ capability }) => shown(capability.source.file)));
  if (isAccepted) lines.push(`${paint('green', 'Accepted')} ${changed.length} in ${visible([...files].join(', '))}.`);
  else if (changed.length > 0)
    lines.push(wasShown ? 'Nothing was written.' : 'Nothing was written. With --yes it is accepted.');
  if (changed.length === 0 && unchanged.length > 0)
    lines.push(
      unchanged.length === 1 ? `${unchanged[0]?.id} has not changed.` : `None of the ${unchanged.length} has changed.`,
    );
  return lines.join('\n');
}

function changeLines(change: ChangedCapability, paint: Style['paint']): readonly string[] {
  const { capability, draft } = change;
  return [
    `${paint('bold', visible(capability.id))} (${visible(shown(capability.source.file))}:${capability.source.line})`,
    ...changeText(definitionChanges(change)).map((line) => `  ${visible(line)}`),
    ...draft.warnings.map((warning) => `  ! ${visible(warning)}`),
  ];
}
