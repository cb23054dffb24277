import { CapstanError, type DiscoverTarget } from '@capstan/provider';
import { DraftPreparer, ProviderRegistry } from '@capstan/runtime';
import { rm } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { type CollectedDrafts, collectDrafts } from '../collect-drafts.ts';
import { parseDiscoverWords } from '../discover-flags.ts';
import { type DiscoveringPlugin, findDiscoveringPlugin } from '../discovering-plugins.ts';
import { type ExitCode, exitCodeOf } from '../exit-codes.ts';
import type { GlobalOptions } from '../global-options.ts';
import { groupDrafts, type ImportGroup } from '../import-groups.ts';
import { importPlace, type ImportPlace, manifestPlace, partFile } from '../import-place.ts';
import { type ImportPlan, type PlanContext, planImport, shown } from '../import-plan.ts';
import { type ImportedManifest, importReport } from '../import-report.ts';
import type { LoadedRuntime } from '../load-runtime.ts';
import type { Output } from '../output.ts';
import { failed, runCancellable } from '../run-cancellable.ts';
import { shadowedNames } from '../shadowed-names.ts';
import { UsageError } from '../usage-error.ts';
import { writeTextFile } from '../write-text-file.ts';

export interface ImportOptions extends GlobalOptions {
  readonly out?: string;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly acceptChanges?: boolean;
  readonly json?: boolean;
}

/** One run of the command. */
interface ImportRun {
  readonly loaded: LoadedRuntime;
  readonly options: ImportOptions;
  readonly place: ImportPlace;
  readonly context: PlanContext;
  /** Looks again, for a manifest that will stand in another folder. */
  readonly collect: (file: string) => Promise<CollectedDrafts>;
}

/** `words`: what to import, and options of the plugin; `literal`: what stood after `--`. */
export async function importManifests(
  prefix: string,
  words: readonly string[],
  literal: readonly string[],
  options: ImportOptions,
  output: Output,
): Promise<ExitCode> {
  return await runCancellable(options, output, async (loaded, cancellation) => {
    try {
      const plugin = findDiscoveringPlugin(prefix, loaded.runtime);
      const target = targetOf(plugin, words, literal);
      const place = importPlace(options.out, loaded.manifests);
      const collect = (file: string): Promise<CollectedDrafts> =>
        collectDrafts(plugin, { ...target, source: { file } }, cancellation.signal, output);
      const found = await collect(join(place.folder, place.only ?? 'import.yaml'));
      const registry = new ProviderRegistry(loaded.runtime.providers);
      const preparer = new DraftPreparer(registry);
      const groups = groupDrafts(found.drafts, preparer);
      if (place.only !== undefined && groups.length > 1)
        throw new UsageError(`There are ${groups.length} manifests to write: name a folder with --out, not a file.`);
      const context = { registry, preparer, force: options.force === true, isComplete: isComplete(target, found) };
      const run = { loaded, options, place, context, collect };
      const manifests: ImportedManifest[] = [];
      for (const group of groups) manifests.push(await importGroup(group, run));
      return finish(manifests, found, groups, run, output);
    } catch (error) {
      return failed(asUsage(error), cancellation, output);
    }
  });
}

/** By the contract the option `only` narrows a run. */
function isComplete({ options }: DiscoverTarget, { failure }: CollectedDrafts): boolean {
  const only = options?.['only'];
  return failure === undefined && (only === undefined || (Array.isArray(only) && only.length === 0));
}

/** The input of an import is the command line. */
function asUsage(error: unknown): unknown {
  return CapstanError.isInstance(error) && error.code === 'INPUT_INVALID'
    ? new UsageError(error.message, { cause: error })
    : error;
}

function targetOf(
  { prefix, discoverOptions }: DiscoveringPlugin,
  words: readonly string[],
  literal: readonly string[],
): DiscoverTarget {
  const { location, options } = parseDiscoverWords(words, literal, discoverOptions);
  if (location.length === 0)
    throw new UsageError(
      `Say what to import: capstan import ${prefix} <what>. \`capstan import ${prefix} --help\` shows how.`,
    );
  return { location, options, caller: {} };
}

async function importGroup(given: ImportGroup, run: ImportRun): Promise<ImportedManifest> {
  const { place, options, loaded, context } = run;
  const target = manifestPlace(place, given.name);
  try {
    let group = given;
    let plan = await planImport(group, target, context);
    // What stands in a folder of its own may say paths in other words.
    if ([...plan.files.keys(), ...target.existing].some((path) => dirname(path) === target.folder)) {
      const again = await run.collect(partFile(target, 1, 1));
      group = groupDrafts(again.drafts, context.preparer).find(({ name }) => name === group.name) ?? group;
      plan = await planImport(group, target, context);
    }
    refuseTaken(plan, target.existing, loaded);
    const state = stateOf(plan, options);
    if (state === 'written') await write(plan, place);
    return { plan, state };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return { plan: { group: given, files: new Map() }, state: 'refused', error };
  }
}

function stateOf({ comparison, files }: ImportPlan, options: ImportOptions): ImportedManifest['state'] {
  if (files.size === 0) return 'unchanged';
  if (comparison !== undefined && options.acceptChanges !== true) return 'differs';
  return options.dryRun === true ? 'shown' : 'written';
}

/** Throws `UsageError` where an id is declared elsewhere: then neither file could be loaded as a whole. */
function refuseTaken(plan: ImportPlan, existing: readonly string[], { runtime, manifests }: LoadedRuntime): void {
  const own = new Set([...existing, ...plan.files.keys()]);
  const isLoaded = [...plan.files.keys()].some((path) =>
    manifests.some((manifest) => path === resolve(manifest) || path.startsWith(resolve(manifest) + sep)),
  );
  if (!isLoaded) return;
  const fresh = plan.comparison === undefined ? plan.group.drafts : plan.comparison.added;
  const taken = fresh.flatMap(({ capability }) => {
    const other = runtime.marketplace.get(capability.id);
    return other === undefined || own.has(other.source.file) ? [] : [`${other.id} in ${shown(other.source.file)}`];
  });
  const [first] = taken;
  if (first === undefined) return;
  const others = taken.length > 1 ? `, and ${taken.length - 1} more` : '';
  throw new UsageError(
    `These ids are declared already: ${first}${others}. Choose another name with --name, or delete the other manifest.`,
  );
}

async function write({ files }: ImportPlan, { folder }: ImportPlace): Promise<void> {
  for (const [path, text] of files) if (text !== undefined) await writeTextFile(path, text, folder);
  for (const [path, text] of files) if (text === undefined) await rm(path);
}

function finish(
  manifests: readonly ImportedManifest[],
  { drafts, failure }: CollectedDrafts,
  groups: readonly ImportGroup[],
  { loaded, options }: ImportRun,
  output: Output,
): ExitCode {
  const prepared = groups.flatMap((group) => group.drafts);
  const names = shadowedNames(prepared, loaded.runtime.marketplace.list());
  const error = failure ?? manifests.find((manifest) => manifest.error !== undefined)?.error;
  if (drafts.length === 0 && error !== undefined) throw error;
  output.answer(importReport(manifests, names, options.dryRun === true, failure));
  if (failure !== undefined && options.json !== true) output.failure(failure);
  if (error !== undefined) return exitCodeOf(error);
  if (manifests.some(({ plan }) => plan.group.refused.length > 0)) return 3;
  return manifests.some(({ state }) => state === 'differs') ? 10 : 0;
}
