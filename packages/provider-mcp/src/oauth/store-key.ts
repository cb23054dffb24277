import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Keychain } from './keychain.ts';
import { createFileOnce, readIfExists } from './private-file.ts';

const storeKeyBytes = 32;

/**
 * The key that sign-ins are encrypted with: from the system's keychain, or, where there is none, from a file of mode 0600 beside them. Made at first
 * use. A key file, once there, is used before the keychain, so that a keychain that comes later makes nothing unreadable.
 */
export async function loadStoreKey(folder: string, keychain: Keychain | undefined): Promise<Buffer> {
  const path = join(folder, 'token-store.key');
  const filed = parseKey((await readIfExists(path))?.toString('utf8'));
  if (filed !== undefined) return filed;
  const kept = keychain === undefined ? undefined : await keyInKeychain(keychain);
  if (kept !== undefined) return kept;
  const made = randomBytes(storeKeyBytes);
  if (await createFileOnce(path, Buffer.from(made.toString('base64')))) return made;
  const others = parseKey((await readIfExists(path))?.toString('utf8'));
  if (others === undefined)
    throw new Error(`The key file ${path} holds no key. Remove it, and sign in again with capstan login.`);
  return others;
}

/** Undefined where the keychain refuses, or does not give back what it was given. */
async function keyInKeychain(keychain: Keychain): Promise<Buffer | undefined> {
  try {
    const found = parseKey(await keychain.read());
    if (found !== undefined) return found;
    await keychain.write(randomBytes(storeKeyBytes).toString('base64'));
    // What it holds now: another process may have written its own in between.
    return parseKey(await keychain.read());
  } catch {
    return undefined;
  }
}

function parseKey(text: string | undefined): Buffer | undefined {
  const key = Buffer.from(text?.trim() ?? '', 'base64');
  return key.length === storeKeyBytes ? key : undefined;
}
