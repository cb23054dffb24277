import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { UsageError } from './usage-error.ts';

/** Where an import writes. */
export interface ImportPlace {
  /** Absolute: nothing is written outside. */
  readonly folder: string;
  /** The one file that was named, without ending. */
  readonly only?: string;
}

/** Where the manifest of one upstream is, or will be. */
export interface ManifestPlace {
  /** `<name>.yaml`. */
  readonly file: string;
  /** Of the parts of a manifest that is too large for one file. */
  readonly folder: string;
  /** Absolute, sorted. None: it is new. */
  readonly existing: readonly string[];
}

/** `out`: a file (`.yaml`, `.yml`) or a folder. Default: the first folder that manifests are read from. */
export function importPlace(out: string | undefined, manifests: readonly string[]): ImportPlace {
  const chosen = out ?? manifests.find((path) => !isYaml(path) && !isFile(path)) ?? 'capabilities';
  const path = resolve(chosen);
  if (!isYaml(chosen)) {
    if (isFile(path))
      throw new UsageError(
        `--out ${chosen} is a file that is no manifest. Name a folder, or a file that ends in .yaml.`,
      );
    return { folder: path };
  }
  const folder = resolve(path, '..');
  return { folder, only: path.slice(folder.length + 1) };
}

/** `deep`: whether it is, or has to be, a folder of parts. */
export function manifestPlace({ folder, only }: ImportPlace, name: string): ManifestPlace {
  const file = join(folder, only ?? `${name}.yaml`);
  const parts = join(folder, only?.replace(/\.ya?ml$/, '') ?? name);
  const inFolder = existsSync(parts) && statSync(parts).isDirectory() ? yamlFiles(parts) : [];
  return { file, folder: parts, existing: existsSync(file) ? [file] : inFolder };
}

/** The file of a part, counted from 1. */
export function partFile({ folder }: ManifestPlace, number: number, count: number): string {
  return join(folder, `${String(number).padStart(Math.max(2, String(count).length), '0')}.yaml`);
}

function yamlFiles(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => isYaml(name) && !name.startsWith('.'))
    .toSorted()
    .map((name) => join(folder, name));
}

function isYaml(path: string): boolean {
  return /\.ya?ml$/.test(path);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
