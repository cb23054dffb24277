import { open, stat } from 'node:fs/promises';
import type { Capability } from '@capstan/provider';
import { invalid } from './metadata-values.ts';
import type { MetadataKey } from './metadata-keys.ts';

/** The text of a file that a key names. Throws `MANIFEST_INVALID` where it cannot be read or is larger than `maxBytes`. */
export async function readBoundedFile(
  capability: Capability,
  key: MetadataKey,
  path: string,
  maxBytes: number,
): Promise<string> {
  try {
    // Before it is opened: a pipe would be waited for, and a device has no end.
    if (!(await stat(path)).isFile()) throw invalid(capability, `${key} names ${path}, which is no regular file`);
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > maxBytes)
      throw invalid(capability, `${key} names ${path}, which is larger than the ${maxBytes} bytes allowed`);
    return await file.readFile('utf8');
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw invalid(capability, `${key} names ${path}, which cannot be read (${error.code})`);
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
