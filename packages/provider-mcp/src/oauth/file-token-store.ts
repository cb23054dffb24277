import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CapstanError } from '@capstan/provider';
import { dataFolder } from './data-folder.ts';
import { withFileLock } from './file-lock.ts';
import { systemKeychain, type Keychain } from './keychain.ts';
import { ensurePrivateFolder, readIfExists, replaceFile } from './private-file.ts';
import { loadStoreKey } from './store-key.ts';
import type { TokenStore } from './token-store.ts';

export interface FileTokenStoreOptions {
  /** Default: the user's data folder (`CAPSTAN_DATA_DIR`). */
  readonly folder?: string;
  /** Where the key is kept; undefined: in a file beside the sign-ins. Default: the system's keychain, where there is one. */
  readonly keychain?: Keychain | undefined;
}

/**
 * Sign-ins in files, one each: AES-256-GCM, mode 0600, in a folder of mode 0700, replaced as a whole. Nothing is created before the first `set`.
 * A file that cannot be read with the key at hand counts as no sign-in.
 */
export function createFileTokenStore(options: FileTokenStoreOptions = {}): TokenStore {
  const { folder = dataFolder() } = options;
  const tokens = join(folder, 'tokens');
  let loading: Promise<Buffer> | undefined;

  async function storeKey(): Promise<Buffer> {
    loading ??= (async () => {
      await ensurePrivateFolder(folder);
      await ensurePrivateFolder(tokens);
      return loadStoreKey(folder, 'keychain' in options ? options.keychain : await systemKeychain());
    })();
    try {
      return await loading;
    } catch (error) {
      // A folder that cannot be written now may be mended while we run.
      loading = undefined;
      throw unusableFolder(folder, error);
    }
  }

  // Hashed once more, since keys of other callers could be paths.
  const pathOf = (key: string): string => join(tokens, createHash('sha256').update(key).digest('hex'));

  return {
    get: async (key) => {
      const sealed = await readIfExists(pathOf(key));
      return sealed === undefined ? undefined : unseal(sealed, await storeKey(), key);
    },
    set: async (key, value) => {
      const sealed = seal(value, await storeKey(), key);
      await replaceFile(pathOf(key), sealed).catch((error: unknown) => {
        throw unusableFolder(folder, error);
      });
    },
    delete: (key) => rm(pathOf(key), { force: true }),
    withLock: async (key, work, signal) => {
      await storeKey();
      return withFileLock(`${pathOf(key)}.lock`, work, { signal });
    },
  };
}

function unusableFolder(folder: string, cause: unknown): CapstanError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CapstanError(
    'UNAUTHORIZED',
    `Sign-ins cannot be kept in ${folder}: ${reason}. Make the folder writable for its owner, or name another one in CAPSTAN_DATA_DIR.`,
    { cause },
  );
}

const algorithm = 'aes-256-gcm';
const formatVersion = 1;
const ivBytes = 12;
const tagBytes = 16;

/** Version, nonce, tag, ciphertext. Bound to its key, so that files cannot be swapped. */
function seal(value: string, storeKey: Buffer, key: string): Buffer {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, storeKey, iv, { authTagLength: tagBytes }).setAAD(boundTo(key));
  const encrypted = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(formatVersion), iv, cipher.getAuthTag(), encrypted]);
}

function unseal(sealed: Buffer, storeKey: Buffer, key: string): string | undefined {
  const bodyAt = 1 + ivBytes + tagBytes;
  if (sealed[0] !== formatVersion || sealed.length < bodyAt) return undefined;
  try {
    const decipher = createDecipheriv(algorithm, storeKey, sealed.subarray(1, 1 + ivBytes), { authTagLength: tagBytes })
      .setAAD(boundTo(key))
      .setAuthTag(sealed.subarray(1 + ivBytes, bodyAt));
    return Buffer.concat([decipher.update(sealed.subarray(bodyAt)), decipher.final()]).toString('utf8');
  } catch {
    return undefined;
  }
}

function boundTo(key: string): Buffer {
  return Buffer.from(`capstan sign-in ${formatVersion} ${key}`);
}
