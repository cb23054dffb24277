import type { Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import type { Complaint, Report } from './problem-report.ts';

/** A file to be read: where it was found, and where it really is. */
export interface ManifestFile {
  readonly path: string;
  readonly realPath: string;
}

/** A path as problems say it: relative where it lies in the working directory. */
export function displayPath(path: string): string {
  const shorter = relative(process.cwd(), path);
  return shorter === '' || shorter.startsWith('..') || resolve(shorter) === shorter
    ? path
    : shorter.replaceAll(sep, '/');
}

/**
 * The manifest files that paths name: a file as it is, whatever its ending; a folder's `.yaml` and `.yml` files, with all its folders but
 * hidden ones and `node_modules`, sorted by path. Nothing is listed twice, and nothing outside a folder is reached by its links.
 */
export async function findManifestFiles(paths: readonly string[], report: Report): Promise<readonly ManifestFile[]> {
  const found = new Map<string, ManifestFile>();
  for (const given of paths) {
    const path = resolve(given);
    const real = await inspect(path, report);
    if (real === undefined) continue;
    if (!real.stats.isDirectory()) {
      if (!found.has(real.path)) found.set(real.path, { path, realPath: real.path });
      continue;
    }
    const folder = new ManifestFolder(real.path, report);
    await folder.visit(path, real.path);
    if (folder.files.length === 0) {
      complain(report, path, {
        severity: 'warning',
        message: 'The folder holds no manifests',
        remedy: 'Manifests are files that end in .yaml or .yml.',
      });
    }
    for (const file of folder.files.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
      if (!found.has(file.realPath)) found.set(file.realPath, file);
    }
  }
  return [...found.values()];
}

class ManifestFolder {
  readonly files: ManifestFile[] = [];
  readonly #root: string;
  readonly #report: Report;
  readonly #visited = new Set<string>();

  constructor(root: string, report: Report) {
    this.#root = root;
    this.#report = report;
  }

  async visit(path: string, realPath: string): Promise<void> {
    // A link to a folder further up would lead around for ever.
    if (this.#visited.has(realPath)) return;
    this.#visited.add(realPath);
    const entries = await attempt(readdir(path, { withFileTypes: true }), path, this.#report);
    for (const entry of entries ?? []) {
      const { name } = entry;
      const isManifest = /\.ya?ml$/.test(name);
      if (name.startsWith('.') || name === 'node_modules') continue;
      if (!isManifest && !entry.isDirectory() && !entry.isSymbolicLink()) continue;
      await this.#add(join(path, name), isManifest, entry.isSymbolicLink());
    }
  }

  async #add(path: string, isManifest: boolean, isLink: boolean): Promise<void> {
    // Links to other things than manifests and folders are nobody's affair, wherever they lead.
    const ignoreMissing: Report = isLink && !isManifest ? () => {} : this.#report;
    const real = await inspect(path, ignoreMissing);
    if (real === undefined) return;
    const isFolder = real.stats.isDirectory();
    if (!isFolder && !isManifest) return;
    if (!real.path.startsWith(this.#root.endsWith(sep) ? this.#root : this.#root + sep) && real.path !== this.#root) {
      complain(this.#report, path, {
        message: 'The link leads out of the folder',
        remedy: 'Copy the file into the folder, or name it as a path of its own.',
      });
    } else if (isFolder) await this.visit(path, real.path);
    else this.files.push({ path, realPath: real.path });
  }
}

async function inspect(
  path: string,
  report: Report,
): Promise<{ readonly path: string; readonly stats: Stats } | undefined> {
  const real = await attempt(realpath(path), path, report);
  const stats = real === undefined ? undefined : await attempt(stat(real), path, report);
  return real === undefined || stats === undefined ? undefined : { path: real, stats };
}

/** What the file system answers, or undefined where it refuses, which is reported. */
export async function attempt<T>(answer: Promise<T>, path: string, report: Report): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    const isMissing = code === 'ENOENT' || code === 'ENOTDIR';
    complain(report, path, {
      message: isMissing ? 'There is no such file or folder' : `It cannot be read (${code})`,
      remedy: isMissing
        ? `Check the path; the working directory is ${process.cwd()}.`
        : 'Check what it is and who may read it.',
    });
    return undefined;
  }
}

export function complain(report: Report, path: string, complaint: Complaint): void {
  report({ file: displayPath(path), line: 1, column: 1 }, complaint);
}
