/**
 * Where sign-ins are kept. A key is a digest that tells nothing; a value is text that holds tokens, to be kept as one keeps passwords.
 * `createFileTokenStore` is the one that is used unless the host app gives its own.
 */
export interface TokenStore {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
  /**
   * Runs `work` while nobody who shares the store, in any process, runs work under the same key. Without it, two processes may spend the same
   * refresh token, which servers take for theft.
   */
  withLock?<T>(key: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}
