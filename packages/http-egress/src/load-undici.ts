import { createRequire } from 'node:module';
import type * as undici from 'undici';

/** Where the `fetch` of Node 22 and 24 finds its dispatcher. */
const platformDispatcher = Symbol.for('undici.globalDispatcher.1');

/**
 * All of undici. As it loads it puts a dispatcher of its own under the platform's `fetch`, where a host may have put another; that is undone, within one
 * turn, which is why it is not imported.
 */
export const loadUndici = (): typeof undici => {
  const before: unknown = Reflect.get(globalThis, platformDispatcher);
  const loaded = createRequire(import.meta.url)('undici') as typeof undici;
  if (Reflect.get(globalThis, platformDispatcher) !== before) Reflect.set(globalThis, platformDispatcher, before);
  return loaded;
};
