import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';

/** Creates the folder for nobody but its owner, and closes one that stood open. */
export async function ensurePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
}

/** Undefined where there is no such file. */
export async function readIfExists(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The old content or the new one, never a half: whoever reads, and whenever the power goes. Mode 0600. */
export async function replaceFile(path: string, content: Uint8Array): Promise<void> {
  await viaTemporaryFile(path, content, (temporary) => rename(temporary, path));
}

/** Like `replaceFile`, but leaves a file alone that is there already; says whether it was written. */
export async function createFileOnce(path: string, content: Uint8Array): Promise<boolean> {
  return viaTemporaryFile(path, content, async (temporary) => {
    try {
      await link(temporary, path);
      return true;
    } catch (error) {
      if (isSystemError(error, 'EEXIST')) return false;
      throw error;
    }
  });
}

async function viaTemporaryFile<T>(
  path: string,
  content: Uint8Array,
  place: (temporary: string) => Promise<T>,
): Promise<T> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    return await place(temporary);
  } finally {
    await rm(temporary, { force: true });
  }
}

export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
