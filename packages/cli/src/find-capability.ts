import { type Capability, CapstanError } from '@capstan/provider';
import { formatProblem, nearMatches } from '@capstan/runtime';
import { readFile } from 'node:fs/promises';
import type { LoadedRuntime } from './load-runtime.ts';

/** Throws `CAPABILITY_NOT_FOUND`, or `MANIFEST_INVALID` where a file that holds the id was left out for its errors. */
export async function findCapability(id: string, loaded: LoadedRuntime): Promise<Capability> {
  const { runtime, problems } = loaded;
  const capability = runtime.marketplace.get(id);
  if (capability !== undefined) return capability;
  const errors = problems.filter(({ severity }) => severity === 'error');
  for (const file of new Set(errors.map((problem) => problem.file))) {
    if (!(await mentions(file, id))) continue;
    const own = errors.filter((problem) => problem.file === file);
    throw new CapstanError(
      'MANIFEST_INVALID',
      `${id} cannot be used: its manifest ${file} has ${own.length === 1 ? 'an error' : `${own.length} errors`}:\n${own.map((problem) => `  ${formatProblem(problem)}`).join('\n')}`,
      { details: { capability: id, problems: own.map((problem) => ({ ...problem })) } },
    );
  }
  const ids = runtime.marketplace.list().map((known) => known.id);
  const nearest = nearMatches(id, ids);
  const hint =
    ids.length === 0
      ? nothingLoaded(loaded)
      : nearest.length > 0
        ? `Did you mean ${nearest.join(' or ')}?`
        : `${ids.length} others are loaded.`;
  throw new CapstanError('CAPABILITY_NOT_FOUND', `No capability is called "${id}". ${hint}`, {
    details: { id, nearMatches: nearest },
  });
}

function nothingLoaded({ manifests, missing, missingDefault }: LoadedRuntime): string {
  if (missing.length < manifests.length) return 'No capability is loaded.';
  return `No capability is loaded: there is no ${missingDefault ? 'folder' : 'file or folder'} ${missing.join(', ')} here.`;
}

/** Whether a file that could not be loaded speaks of the id: with broken syntax its text is all there is. */
async function mentions(file: string, id: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const name = id.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?<![\w.-])${name}(?![\w.-])`).test(text);
}
