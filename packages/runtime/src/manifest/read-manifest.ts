import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { attempt, complain, type ManifestFile } from './manifest-files.ts';
import type { Report } from './problem-report.ts';

export const largestManifestBytes = 256 * 1024;

export interface ManifestContent {
  readonly bytes: Buffer;
  /** SHA-256 of the bytes. */
  readonly hash: string;
}

/** Reads a regular file of at most 256 KiB; undefined where it is something else, which is reported. */
export async function readManifest(file: ManifestFile, report: Report): Promise<ManifestContent | undefined> {
  // Without blocking: opening a named pipe would wait for its other end. The real path, so that no link is followed.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0);
  const handle = await attempt(open(file.realPath, flags), file.path, report);
  if (handle === undefined) return undefined;
  await using owned = handle;
  return await attempt(readRegularFile(owned, file.path, report), file.path, report);
}

/** The text of a manifest; undefined where it is not UTF-8, which is reported. */
export function decodeManifest(content: ManifestContent, path: string, report: Report): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content.bytes);
  } catch {
    complain(report, path, { message: 'The file is not UTF-8', remedy: 'Save it as UTF-8 text.' });
    return undefined;
  }
}

async function readRegularFile(handle: FileHandle, path: string, report: Report): Promise<ManifestContent | undefined> {
  const stats = await handle.stat();
  if (!stats.isFile()) {
    complain(report, path, { message: 'It is not a regular file', remedy: 'Manifests are files or folders of files.' });
    return undefined;
  }
  // One byte more than allowed, for a file that grows while it is read.
  const buffer = Buffer.allocUnsafe(Math.min(stats.size, largestManifestBytes) + 1);
  let length = 0;
  while (stats.size <= largestManifestBytes && length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (stats.size > largestManifestBytes || length > largestManifestBytes) {
    complain(report, path, {
      message: `The file is larger than ${largestManifestBytes} bytes`,
      remedy: 'Split it into several files.',
    });
    return undefined;
  }
  const bytes = buffer.subarray(0, length);
  return { bytes, hash: createHash('sha256').update(bytes).digest('hex') };
}
