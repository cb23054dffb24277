import { randomUUID } from 'node:crypto';
import { mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, sep } from 'node:path';
import { UsageError } from './usage-error.ts';

/**
 * Writes a file as a whole: readers see the old text or the new one. Folders are made. Never follows a link out of `root`. Throws
 * `UsageError`.
 */
export async function writeTextFile(path: string, text: string, root: string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomUUID()}.tmp`);
  try {
    await mkdir(folder, { recursive: true });
    await checkInside(folder, root);
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    if (cause instanceof UsageError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(`The file ${path} cannot be written: ${reason}`, { cause });
  }
}

/** Throws `UsageError` where `folder`, links resolved, lies outside `root`. */
async function checkInside(folder: string, root: string): Promise<void> {
  const [real, realRoot] = [await realpath(folder), await realpath(root)];
  if (real === realRoot || real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep)) return;
  throw new UsageError(`The folder ${folder} is a link that leads out of ${root}. Nothing was written there.`);
}
