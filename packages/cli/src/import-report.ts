import type { CapstanError } from '@capstan/provider';
import type { DraftComparison } from '@capstan/runtime';
import { type ImportPlan, shown } from './import-plan.ts';
import { type Style, visible } from './style.ts';
import type { UsageError } from './usage-error.ts';

const mostIdsShown = 12;
const mostNamesShown = 10;

/** What became of one upstream. */
export interface ImportedManifest {
  readonly plan: ImportPlan;
  /** `differs`: nothing was written, because what was imported before has changed. */
  readonly state: 'written' | 'unchanged' | 'differs' | 'shown' | 'refused';
  readonly error?: UsageError;
}

/** For machines and for people. */
export function importReport(
  manifests: readonly ImportedManifest[],
  names: readonly string[],
  isDryRun: boolean,
  failure: CapstanError | undefined,
): { readonly document: unknown; readonly text: (style: Style) => string } {
  return {
    document: {
      manifests: manifests.map((manifest) => documentOf(manifest, isDryRun)),
      lookAlikes: names,
      ...(failure !== undefined && { failure: failure.toJSON() }),
    },
    text: (style) =>
      isDryRun
        ? [...manifests.flatMap(dryText), ...commented(closing(names))].join('\n')
        : [...manifests.map((manifest) => manifestText(manifest, style)), ...closing(names).map(visible)].join('\n'),
  };
}

function documentOf({ plan, state, error }: ImportedManifest, withText: boolean): unknown {
  const { group, comparison, files } = plan;
  return {
    name: group.name,
    state,
    files: [...files].map(([path, text]) => ({ path, ...(withText && { text: text ?? null }) })),
    capabilities: group.drafts.map(({ capability, warnings }) => ({ id: capability.id, warnings })),
    refused: group.refused,
    notes: group.drafts[0]?.sharedNotes ?? [],
    ...(comparison !== undefined && {
      added: comparison.added.map(({ capability }) => capability.id),
      removed: comparison.removed.map(({ id }) => id),
      changed: comparison.changed.map(({ capability, fields }) => ({ id: capability.id, fields })),
      metadata: comparison.metadata,
    }),
    ...(error !== undefined && { error: { code: error.code, message: error.message } }),
  };
}

function manifestText({ plan, state, error }: ImportedManifest, { paint }: Style): string {
  const { group, comparison, files } = plan;
  const paths = [...files].flatMap(([path, text]) => (text === undefined ? [] : [shown(path)]));
  const count = group.drafts.length === 1 ? '1 capability' : `${group.drafts.length} capabilities`;
  const where = visible(paths.length > 3 ? `${paths[0]} … ${paths.at(-1)}` : paths.join(', '));
  const head: Record<ImportedManifest['state'], string> = {
    written: `${paint('green', 'Wrote')} ${where}: ${count}`,
    shown: `${where}: ${count}`,
    unchanged: `${group.name}: nothing has changed, ${count}`,
    differs: `${paint('yellow', group.name)}: the upstream has changed; nothing was written`,
    refused: `${paint('red', group.name)}: ${visible(error?.message ?? 'refused')}`,
  };
  const lines = [head[state]];
  if (comparison !== undefined) lines.push(...changeLines(comparison).map(visible));
  else if (state === 'written') lines.push(...shortList(group.drafts.map(({ capability }) => visible(capability.id))));
  lines.push(...notesOf(plan).map((note) => `  ${paint('yellow', '!')} ${visible(note)}`));
  if (state === 'differs')
    lines.push(
      '  Look at each with `capstan accept <id>`, or write all of it: the same command with --accept-changes.',
    );
  const cautious = group.drafts.filter(({ capability }) => capability.effect === 'once').length;
  if (state === 'written' && comparison === undefined && cautious > 0)
    lines.push(
      `  ${cautious === 1 ? '1 has' : `${cautious} have`} \`effect: once\`, which is never repeated: change it where calling twice does no harm.`,
    );
  return lines.join('\n');
}

/** `+` is new, `-` is gone, `~` has changed. */
function changeLines({ added, removed, changed, metadata }: DraftComparison): readonly string[] {
  return [
    ...metadata.map((key) => `  ~ metadata: ${key}`),
    ...added.map(({ capability }) => `  + ${capability.id}`),
    ...removed.map(({ id }) => `  - ${id}`),
    ...changed.map(({ capability, fields }) => `  ~ ${capability.id}: ${fields.join(', ')}`),
  ];
}

function notesOf({ group }: ImportPlan): readonly string[] {
  return [
    ...(group.drafts[0]?.sharedNotes ?? []),
    ...group.drafts.flatMap(({ capability, warnings }) => warnings.map((warning) => `${capability.id}: ${warning}`)),
    ...group.refused.map(({ id, problem }) => `${id} was left out: ${problem}`),
  ];
}

function dryText(manifest: ImportedManifest): readonly string[] {
  const { plan, state, error } = manifest;
  const notes = state === 'shown' ? [] : [manifestText(manifest, { paint: (_, text) => text })];
  if (error !== undefined) return commented(notes);
  return [
    ...commented(notes.flatMap((note) => note.split('\n'))),
    ...[...plan.files].flatMap(([path, text]) =>
      text === undefined ? [`# ${shown(path)} would be deleted`] : [`# ${shown(path)}`, text.trimEnd()],
    ),
  ];
}

function closing(names: readonly string[]): readonly string[] {
  return shortList(names, mostNamesShown).map((line) => `! ${line.trim()}`);
}

function commented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => visible(line).replaceAll(/^/gm, '# '));
}

function shortList(items: readonly string[], most = mostIdsShown): readonly string[] {
  const rest = items.length > most ? [`  … and ${items.length - most} more`] : [];
  return [...items.slice(0, most).map((item) => `  ${item}`), ...rest];
}
