import { lstat, readFile } from 'node:fs/promises';
import { relative } from 'node:path';
import {
  compareDrafts,
  type DraftComparison,
  type DraftPreparer,
  editManifest,
  formatProblem,
  isImported,
  ManifestLoader,
  type ManifestProblem,
  manifestTexts,
  type PreparedDraft,
  type ProviderRegistry,
} from '@capstan/runtime';
import type { ImportGroup } from './import-groups.ts';
import { type ManifestPlace, partFile } from './import-place.ts';
import { UsageError } from './usage-error.ts';

/** What importing one upstream comes to. */
export interface ImportPlan {
  readonly group: ImportGroup;
  /** Absent where the manifest is new, or written anew. */
  readonly comparison?: DraftComparison;
  /** Paths, and their texts; undefined: to be deleted. Empty where nothing differs. */
  readonly files: ReadonlyMap<string, string | undefined>;
}

export interface PlanContext {
  readonly registry: ProviderRegistry;
  readonly preparer: DraftPreparer;
  /** Overwrite whatever is there. */
  readonly force: boolean;
  /** The run gave everything of each kind that it gave anything of: what is missing is gone. */
  readonly isComplete: boolean;
}

/** Throws `UsageError` where something stands in the way. Writes nothing. */
export async function planImport(group: ImportGroup, place: ManifestPlace, context: PlanContext): Promise<ImportPlan> {
  const { existing } = place;
  const texts = new Map<string, string>();
  for (const path of existing) {
    const text = await readFile(path, 'utf8');
    if (!context.force && !isImported(text))
      throw new UsageError(
        `${shown(path)} was not written by an import, so it is left alone. Choose another place with --out or another name with --name, or overwrite it with --force.`,
      );
    if ((await lstat(path)).isSymbolicLink())
      throw new UsageError(`${shown(path)} is a link. Nothing is written through links.`);
    texts.set(path, text);
  }
  if (existing.length === 0 || context.force) return { group, files: fresh(group.drafts, place) };
  return await planAgain(group, texts, context);
}

function fresh(drafts: readonly PreparedDraft[], place: ManifestPlace): ReadonlyMap<string, string | undefined> {
  const texts = manifestTexts(drafts);
  const files = new Map<string, string | undefined>(place.existing.map((path) => [path, undefined]));
  for (const [index, text] of texts.entries())
    files.set(texts.length === 1 ? place.file : partFile(place, index + 1, texts.length), text);
  return files;
}

async function planAgain(
  group: ImportGroup,
  texts: ReadonlyMap<string, string>,
  { registry, preparer, isComplete }: PlanContext,
): Promise<ImportPlan> {
  const paths = [...texts.keys()];
  const { capabilities, problems } = await new ManifestLoader(registry, {}).load(paths);
  const errors = problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0)
    throw new UsageError(
      `What was imported before has errors. Mend them, or write it anew with --force:\n${errors.map((problem) => `  ${formatProblem(problem)}`).join('\n')}`,
    );
  const compared = compareDrafts(capabilities, group.drafts);
  // What nobody looked for is not gone: a run without an option of the last one may bring no capabilities of a kind.
  const kinds = new Set(group.drafts.map(({ capability }) => capability.kind));
  const removed = isComplete ? compared.removed.filter(({ kind }) => kinds.has(kind)) : [];
  const comparison = { ...compared, removed };
  const last = paths.at(-1);
  const shared = group.drafts[0]?.metadata ?? {};
  const metadata = Object.fromEntries(
    comparison.metadata.flatMap((key) => (shared[key] === undefined ? [] : [[key, shared[key]]])),
  );
  const files = new Map<string, string | undefined>();
  for (const [path, text] of texts) {
    const isHere = ({ source }: { readonly source: { readonly file: string } }): boolean => source.file === path;
    const gone = removed.filter(isHere).map(({ id }) => id);
    const added = path === last ? comparison.added : [];
    if (gone.length > 0 && gone.length === capabilities.filter(isHere).length && added.length === 0) {
      files.set(path, undefined);
      continue;
    }
    const changed = comparison.changed.filter(({ capability }) => isHere(capability));
    const edited = editManifest(shown(path), text, { changed, removed: gone, added, metadata });
    if (edited === text) continue;
    if (comparison.metadata.length > 0 && errorsOf(path, edited, preparer).length > 0)
      throw new UsageError(
        `${shown(path)} was imported from another upstream, and cannot be changed to be of this one too. Choose another name with --name, or write it anew with --force.`,
      );
    refuseBroken(path, edited, preparer);
    files.set(path, edited);
  }
  return { group, comparison, files };
}

/** Throws `UsageError` where the loader would not take a text. */
export function refuseBroken(path: string, text: string, preparer: DraftPreparer): void {
  const errors = errorsOf(path, text, preparer);
  if (errors.length === 0) return;
  throw new UsageError(
    `${shown(path)} cannot be changed as it is; change it by hand, or write it anew with \`capstan import … --force\`:\n${errors.map((problem) => `  ${formatProblem(problem)}`).join('\n')}`,
  );
}

function errorsOf(path: string, text: string, preparer: DraftPreparer): readonly ManifestProblem[] {
  return preparer.check(shown(path), text).filter(({ severity }) => severity === 'error');
}

/** Relative where it lies inside the working directory. */
export function shown(path: string): string {
  const shorter = relative(process.cwd(), path);
  return shorter === '' || shorter.startsWith('..') ? path : shorter;
}
