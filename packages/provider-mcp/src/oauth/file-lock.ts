import { randomUUID } from 'node:crypto';
import { link, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { CapstanError } from '@capstan/provider';
import { isSystemError } from './private-file.ts';

export interface FileLockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Without a sign of life of its owner for so long, a lock is taken over. Default 20 s. */
  readonly staleAfterMs?: number;
  /** Default 60 s. */
  readonly waitLimitMs?: number;
}

/**
 * Runs `work` while this process holds the lock file `path`. A lock whose owner has died is taken over. Throws `OVERLOADED` where somebody holds it
 * for too long, or the reason of `signal`.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  { signal, staleAfterMs = 20_000, waitLimitMs = 60_000 }: FileLockOptions = {},
): Promise<T> {
  const owner = JSON.stringify({ pid: process.pid, host: hostname(), id: randomUUID() });
  await acquire(path, owner, { signal, staleAfterMs, waitLimitMs });
  const heartbeat = setInterval(() => void touch(path), staleAfterMs / 4);
  heartbeat.unref();
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    // Whoever was asleep for too long may have lost it to another.
    if ((await contentOf(path)) === owner) await rm(path, { force: true });
  }
}

async function acquire(
  path: string,
  owner: string,
  {
    signal,
    staleAfterMs,
    waitLimitMs,
  }: { readonly signal: AbortSignal | undefined; readonly staleAfterMs: number; readonly waitLimitMs: number },
): Promise<void> {
  const giveUpAt = Date.now() + waitLimitMs;
  for (;;) {
    signal?.throwIfAborted();
    if (await tryCreate(path, owner)) return;
    await removeIfStale(path, staleAfterMs);
    if (Date.now() > giveUpAt)
      throw new CapstanError('OVERLOADED', `Another process has been renewing a sign-in for too long (${path}).`, {
        retryAfterMs: 1_000,
      });
    // Different for each, so that those who wait together do not come back together.
    await delay(10 + Math.random() * 40, undefined, signal === undefined ? {} : { signal });
  }
}

async function tryCreate(path: string, owner: string): Promise<boolean> {
  try {
    await writeFile(path, owner, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (isSystemError(error, 'EEXIST')) return false;
    throw error;
  }
}

async function removeIfStale(path: string, staleAfterMs: number): Promise<void> {
  const seen = await contentOf(path);
  if (seen === undefined || !(await isStale(path, seen, staleAfterMs))) return;
  // Taken out of the way under a name of our own, so that of two who see it only one removes it.
  const aside = `${path}.${randomUUID()}.stale`;
  try {
    await rename(path, aside);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return;
    throw error;
  }
  // Between the look and the rename it became the lock of somebody who lives: give it back.
  if ((await contentOf(aside)) !== seen) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

async function isStale(path: string, content: string, staleAfterMs: number): Promise<boolean> {
  const owner = parseOwner(content);
  if (owner?.host === hostname() && !isAlive(owner.pid)) return true;
  const seenAt = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  return seenAt !== undefined && Date.now() - seenAt > staleAfterMs;
}

function parseOwner(content: string): { readonly pid: number; readonly host: string } | undefined {
  try {
    const { pid, host } = JSON.parse(content) as { readonly pid?: unknown; readonly host?: unknown };
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host } : undefined;
  } catch {
    // Created, but not written yet.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !isSystemError(error, 'ESRCH');
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  await utimes(path, now, now).catch(() => undefined);
}
