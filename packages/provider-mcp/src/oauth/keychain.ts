/** The place that the operating system has for one secret of ours. */
export interface Keychain {
  read(): Promise<string | undefined>;
  write(secret: string): Promise<void>;
}

/** A keychain that is locked asks its owner, who may not be there. */
const answerLimitMs = 5_000;

/**
 * The system's keychain, or undefined where there is none that can be talked to, or `CAPSTAN_KEYCHAIN` is `off`. On Linux only the Secret Service:
 * the kernel's own keyring forgets at reboot.
 */
export async function systemKeychain(environment: NodeJS.ProcessEnv = process.env): Promise<Keychain | undefined> {
  if (environment['CAPSTAN_KEYCHAIN'] === 'off') return undefined;
  try {
    const { AsyncEntry } = await import('@napi-rs/keyring');
    const entry = new AsyncEntry('capstan', 'token-store-key', { linux: { store: 'secret-service' } });
    return {
      read: async () => (await entry.getPassword(AbortSignal.timeout(answerLimitMs))) ?? undefined,
      write: (secret) => entry.setPassword(secret, AbortSignal.timeout(answerLimitMs)),
    };
  } catch {
    // Not installed, not built for this platform, or no service runs.
    return undefined;
  }
}
