import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Capability, Metadata } from '@capstan/provider';
import { formatProblem, ManifestLoader, type ManifestProblem, ProviderRegistry } from '@capstan/runtime';
import { expect } from 'vitest';
import { abacusProvider } from './abacus-provider.ts';

type Environment = Readonly<Record<string, string | undefined>>;

export interface LoadedTexts {
  readonly capabilities: readonly Capability[];
  /** File names are relative to the folder that was loaded. */
  readonly problems: readonly ManifestProblem[];
  /** The problems as a person reads them. */
  readonly report: readonly string[];
}

/** A loader that knows two plugins, `abacus` and `scale`. */
export function testLoader(environment: Environment = {}): ManifestLoader {
  return new ManifestLoader(new ProviderRegistry([abacusProvider(), abacusProvider('scale')]), environment);
}

/** A folder of its own with files in it, gone when the block ends. */
export async function temporaryFolder(
  files: Readonly<Record<string, string | Uint8Array>> = {},
): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'capstan-manifest-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), content);
  }
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

/** Loads one text as `a.yaml`, or several files by name. */
export async function loadTexts(
  texts: string | Readonly<Record<string, string | Uint8Array>>,
  environment: Environment = {},
): Promise<LoadedTexts> {
  await using folder = await temporaryFolder(typeof texts === 'string' ? { 'a.yaml': texts } : texts);
  const loaded = await testLoader(environment).load(folder.path);
  const problems = loaded.problems.map((problem) => inFolder(problem, folder.path));
  return { capabilities: loaded.capabilities, problems, report: problems.map(formatProblem) };
}

export function inFolder(problem: ManifestProblem, folder: string): ManifestProblem {
  const shorter = (text: string): string => text.replaceAll(`${folder}/`, '');
  return { ...problem, file: shorter(problem.file), message: shorter(problem.message) };
}

/** A valid manifest of one capability, with more lines of metadata, each indented by two. */
export function withMetadata(...lines: readonly string[]): string {
  return ['id: abacus.add', 'metadata:', '  abacus_rods: 3', ...lines.map((line) => `  ${line}`), ''].join('\n');
}

/** The metadata of the first capability of a text that must load without a problem. */
export async function metadataOf(text: string, environment: Environment = {}): Promise<Metadata | undefined> {
  const { capabilities, report } = await loadTexts(text, environment);
  expect(report).toEqual([]);
  return capabilities[0]?.metadata;
}
