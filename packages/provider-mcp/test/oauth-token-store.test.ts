import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { createFileTokenStore } from '@capstan/provider-mcp/oauth';
import { dataFolder } from '../src/oauth/data-folder.ts';
import { withFileLock } from '../src/oauth/file-lock.ts';
import type { Keychain } from '../src/oauth/keychain.ts';
import { invocationOf } from './harness.ts';
import { agree, createOAuthHarness, personCapability } from './oauth-harness.ts';
import { startAuthorizationServer } from './servers/authorization-server.ts';
import { startGuard } from './servers/authorization-server-guard.ts';
import { startModernServer } from './servers/modern-server.ts';

async function temporaryFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await mkdtemp(join(tmpdir(), 'capstan-tokens-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function filesOf(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

const canary = 'canary-1d0a77f3-token';

describe('the file store', () => {
  test('keeps what it is given beyond itself, and deletes it', async () => {
    await using folder = await temporaryFolder();
    const options = { folder: join(folder.path, 'data'), keychain: undefined };
    await createFileTokenStore(options).set('a key', canary);
    const other = createFileTokenStore(options);
    expect(await other.get('a key')).toBe(canary);
    expect(await other.get('another key')).toBeUndefined();
    await other.delete('a key');
    expect(await createFileTokenStore(options).get('a key')).toBeUndefined();
  });

  test('creates nothing before there is something to keep', async () => {
    await using folder = await temporaryFolder();
    const store = createFileTokenStore({ folder: join(folder.path, 'data'), keychain: undefined });
    expect(await store.get('a key')).toBeUndefined();
    await store.delete('a key');
    expect(await readdir(folder.path)).toEqual([]);
  });

  test.skipIf(process.platform === 'win32')('nobody else may read it, and nothing of it is in clear', async () => {
    await using folder = await temporaryFolder();
    await createFileTokenStore({ folder: folder.path, keychain: undefined }).set(`key of ${canary}`, canary);
    const files = await filesOf(folder.path);
    expect(files.length).toBe(2);
    for (const file of files) {
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      const content = await readFile(file);
      expect(content.includes(canary)).toBe(false);
      expect(content.includes(Buffer.from(canary).toString('base64').slice(0, 16))).toBe(false);
      expect(file).not.toContain(canary);
    }
    for (const path of [folder.path, join(folder.path, 'tokens')]) expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  test('writes no key file where a keychain keeps the key', async () => {
    await using folder = await temporaryFolder();
    let kept: string | undefined;
    const keychain: Keychain = { read: async () => kept, write: async (secret) => void (kept = secret) };
    await createFileTokenStore({ folder: folder.path, keychain }).set('a key', canary);
    expect(kept).toHaveLength(44);
    expect((await filesOf(folder.path)).every((file) => file.includes('/tokens/'))).toBe(true);
    expect(await createFileTokenStore({ folder: folder.path, keychain }).get('a key')).toBe(canary);
  });

  test('keeps the key in a file where the keychain refuses', async () => {
    await using folder = await temporaryFolder();
    const keychain: Keychain = {
      read: () => Promise.reject(new Error('locked')),
      write: () => Promise.reject(new Error('locked')),
    };
    await createFileTokenStore({ folder: folder.path, keychain }).set('a key', canary);
    expect(await createFileTokenStore({ folder: folder.path, keychain: undefined }).get('a key')).toBe(canary);
  });

  test('takes what was changed, cut short, swapped or sealed with another key for nothing', async () => {
    await using folder = await temporaryFolder();
    const options = { folder: folder.path, keychain: undefined };
    const store = createFileTokenStore(options);
    await store.set('one', canary);
    const [file = ''] = await filesOf(join(folder.path, 'tokens'));
    const sealed = await readFile(file);
    await store.set('two', canary);
    const twoFile = (await filesOf(join(folder.path, 'tokens'))).find((path) => path !== file) ?? '';
    await writeFile(twoFile, sealed);
    expect(await store.get('two')).toBeUndefined();
    const changed = Buffer.from(sealed);
    changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
    for (const bytes of [changed, sealed.subarray(0, 10), Buffer.alloc(0)]) {
      await writeFile(file, bytes);
      expect(await store.get('one')).toBeUndefined();
    }
    await writeFile(file, sealed);
    expect(await store.get('one')).toBe(canary);
    await writeFile(join(folder.path, 'token-store.key'), Buffer.alloc(32, 7).toString('base64'));
    expect(await createFileTokenStore(options).get('one')).toBeUndefined();
  });

  test('says where sign-ins cannot be kept, and what to do', async () => {
    await using folder = await temporaryFolder();
    const occupied = join(folder.path, 'a-file');
    await writeFile(occupied, '');
    const store = createFileTokenStore({ folder: occupied, keychain: undefined });
    await expect(store.set('a key', canary)).rejects.toMatchObject({
      code: 'UNAUTHORIZED',
      message: expect.stringContaining('CAPSTAN_DATA_DIR'),
    });
  });

  test('two stores that begin together agree on one key', async () => {
    await using folder = await temporaryFolder();
    const stores = Array.from({ length: 8 }, () => createFileTokenStore({ folder: folder.path, keychain: undefined }));
    await Promise.all(stores.map((store, index) => store.set(`key ${index}`, `value ${index}`)));
    const reader = createFileTokenStore({ folder: folder.path, keychain: undefined });
    expect(await Promise.all(stores.map((_, index) => reader.get(`key ${index}`)))).toEqual(
      stores.map((_, index) => `value ${index}`),
    );
  });
});

describe('the lock', () => {
  test('lets one in at a time, and leaves nothing behind', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.lock');
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      inside += 1;
      most = Math.max(most, inside);
      await readdir(folder.path);
      inside -= 1;
    };
    await Promise.all(Array.from({ length: 10 }, () => withFileLock(path, work)));
    expect(most).toBe(1);
    expect(await readdir(folder.path)).toEqual([]);
  });

  test('is taken over from a process that died', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.lock');
    const child = spawn(process.execPath, ['-e', '']);
    await new Promise((resolve) => child.once('exit', resolve));
    const { hostname } = await import('node:os');
    await writeFile(path, JSON.stringify({ pid: child.pid, host: hostname(), id: 'dead' }));
    expect(await withFileLock(path, async () => 'done', { waitLimitMs: 5_000 })).toBe('done');
  });

  test('is taken over where its owner gives no sign of life', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.lock');
    await writeFile(path, JSON.stringify({ pid: 1, host: 'another machine', id: 'silent' }));
    expect(await withFileLock(path, async () => 'done', { staleAfterMs: 50, waitLimitMs: 5_000 })).toBe('done');
  });

  test('is not waited for without end where something else stands in its place', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.lock');
    await mkdir(path);
    await expect(withFileLock(path, async () => {}, { waitLimitMs: 1 })).rejects.toMatchObject({ code: 'OVERLOADED' });
  });

  test('is not waited for longer than was said, nor after an abort', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'a.lock');
    await withFileLock(path, async () => {
      await expect(withFileLock(path, async () => {}, { waitLimitMs: 1 })).rejects.toMatchObject({
        code: 'OVERLOADED',
      });
      const controller = new AbortController();
      const waiting = withFileLock(path, async () => {}, { signal: controller.signal });
      controller.abort(new Error('enough'));
      await expect(waiting).rejects.toBeInstanceOf(Error);
    });
  });
});

test('the data folder is the platform’s, unless the user says otherwise', () => {
  expect(dataFolder({ CAPSTAN_DATA_DIR: '/own' }, 'linux')).toBe('/own');
  expect(dataFolder({ XDG_DATA_HOME: '/xdg' }, 'linux')).toBe('/xdg/capstan');
  expect(dataFolder({ XDG_DATA_HOME: 'relative' }, 'linux')).toMatch(/\/\.local\/share\/capstan$/);
  expect(dataFolder({}, 'darwin')).toMatch(/Library\/Application Support\/capstan$/);
  expect(dataFolder({ LOCALAPPDATA: '/local' }, 'win32')).toBe(join('/local', 'capstan'));
});

test('two processes that find the same token refused spend its refresh token once', async () => {
  await using folder = await temporaryFolder();
  await using authorizationServer = await startAuthorizationServer();
  await using server = await startModernServer();
  await using guard = await startGuard({ url: server.url, authorizationServers: [authorizationServer] });
  const tokens = createFileTokenStore({ folder: folder.path, keychain: undefined });
  await createOAuthHarness({ tokens, authorize: agree }).plugin.execute(invocationOf(personCapability(guard.url)));
  authorizationServer.expireAccess();

  const fixture = fileURLToPath(new URL('./oauth-refresher.fixture.ts', import.meta.url));
  const children = Array.from({ length: 2 }, () =>
    spawn(process.execPath, ['--conditions=capstan-source', fixture, folder.path, guard.url], {
      stdio: ['pipe', 'pipe', 'inherit'],
    }),
  );
  const exits = children.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  const lines = children.map((child) => createInterface({ input: child.stdout })[Symbol.asyncIterator]());
  for (const line of lines) expect((await line.next()).value).toBe('ready');
  guard.holdUntil(2);
  for (const child of children) child.stdin.write('go\n');
  const outputs = await Promise.all(lines.map(async (line) => (await line.next()).value));
  await Promise.all(exits);

  expect(outputs).toEqual(['"from a process"', '"from a process"']);
  expect(authorizationServer.grants).toEqual(['authorization_code', 'refresh_token']);
  expect(authorizationServer.reuseDetected).toBe(false);
  // The rotated token was kept: the next one works without a person.
  authorizationServer.expireAccess();
  const later = createOAuthHarness({ tokens });
  await later.plugin.execute(invocationOf(personCapability(guard.url)));
  expect(authorizationServer.grants.at(-1)).toBe('refresh_token');

  const files = await filesOf(folder.path);
  for (const file of files) expect((await readFile(file)).toString('latin1')).not.toMatch(/access-|refresh-|dynamic-/);
});
