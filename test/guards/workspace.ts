import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

interface PackageManifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

export interface WorkspacePackage {
  /** Name of its folder in `packages`. */
  readonly folder: string;
  readonly path: string;
  readonly manifest: PackageManifest;
}

export const workspaceRoot = fileURLToPath(new URL('../..', import.meta.url));

/** What .gitignore names, and git's own folder. */
const ignored = new Set(['node_modules', 'dist', '.turbo', 'coverage', '.pnpm-store', '.git']);

/** Every file under `folder` that git tracks or would track, as paths from `root` with forward slashes. */
export const filesUnder = (root: string, folder: string): readonly string[] =>
  readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (ignored.has(entry.name) || entry.name.endsWith('.tsbuildinfo')) return [];
    return entry.isDirectory() ? filesUnder(root, path) : [path];
  });

export const workspacePackages = (root: string): readonly WorkspacePackage[] =>
  readdirSync(join(root, 'packages')).map((folder) => {
    const path = join(root, 'packages', folder);
    return { folder, path, manifest: JSON.parse(readFileSync(join(path, 'package.json'), 'utf8')) as PackageManifest };
  });
