import type { Capability } from '@capstan/provider';
import { formatProblem, nearMatches } from '@capstan/runtime';
import type { ExitCode } from '../exit-codes.ts';
import type { GlobalOptions } from '../global-options.ts';
import { type LoadedRuntime, withRuntime } from '../load-runtime.ts';
import type { Output } from '../output.ts';
import type { Style } from '../style.ts';
import { table } from '../table.ts';
import { UsageError } from '../usage-error.ts';

export interface ListOptions extends GlobalOptions {
  readonly tag?: string;
  readonly search?: string;
}

const importHint = 'From what an upstream offers one is written by: capstan import (--help shows how).';

/** What a provider's prefix looks like; `--provider` takes modules too, and those are paths or have more in their names. */
const prefixPattern = /^[a-z][a-z0-9]*$/;

export async function list(options: ListOptions, output: Output): Promise<ExitCode> {
  const prefixes = (options.provider ?? []).filter((name) => prefixPattern.test(name));
  const modules = (options.provider ?? []).filter((name) => !prefixPattern.test(name));
  return await withRuntime({ ...options, provider: modules }, output, async (loaded) => {
    const { runtime, problems } = loaded;
    checkPrefixes(
      prefixes,
      runtime.providers.map(({ prefix }) => prefix),
    );
    const found = find(options, prefixes, loaded);
    output.problems(problems.map(formatProblem));
    output.answer({
      document: { capabilities: found, problems },
      text: (style) =>
        found.length > 0
          ? rows(found, style)
          : runtime.marketplace.list().length > 0
            ? noneMatches(loaded)
            : nothingLoaded(loaded),
    });
    // Of a path that was named and does not exist the problems tell.
    return loaded.missing.length > 0 && !loaded.missingDefault ? 3 : 0;
  });
}

function find(
  { tag, search }: ListOptions,
  prefixes: readonly string[],
  { runtime }: LoadedRuntime,
): readonly Capability[] {
  const all =
    search === undefined
      ? runtime.marketplace.list()
      : runtime.marketplace.search(search, { limit: Infinity }).map(({ capability }) => capability);
  return all.filter(
    ({ provider, tags }) =>
      (prefixes.length === 0 || prefixes.includes(provider)) && (tag === undefined || tags?.includes(tag) === true),
  );
}

function checkPrefixes(wanted: readonly string[], known: readonly string[]): void {
  for (const prefix of wanted) {
    if (known.includes(prefix)) continue;
    const [nearest] = nearMatches(prefix, known);
    const hint = nearest === undefined ? `Known prefixes: ${known.join(', ')}.` : `Did you mean "${nearest}"?`;
    throw new UsageError(
      `No provider plugin has the prefix "${prefix}". ${hint} (To load a package of that name, list it in capstan.config.ts.)`,
    );
  }
}

function rows(capabilities: readonly Capability[], style: Style): string {
  const cells = capabilities.map(({ id, effect, provider, name, description }) => [
    id,
    effect,
    provider,
    description ?? name ?? '',
  ]);
  return table(['ID', 'EFFECT', 'PROVIDER', 'DESCRIPTION'], cells, style);
}

function noneMatches({ runtime }: LoadedRuntime): string {
  return `None of the ${runtime.marketplace.list().length} capabilities matches. Leave out a filter to see more.`;
}

function nothingLoaded({ manifests, missingDefault }: LoadedRuntime): string {
  const where = manifests.join(', ');
  return missingDefault
    ? `No capabilities: there is no folder ${where} here.\nWrite a manifest into it, or name another place with --manifests <path>.\n${importHint}`
    : `No capabilities: no valid manifest was found in ${where}.\nWrite one there, or name another place with --manifests <path>.\n${importHint}`;
}
