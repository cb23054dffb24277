import { readdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { processOf } from './control-name.ts';
import type { ControlPlace } from './control-place.ts';

const allPipes = String.raw`\\.\pipe` + '\\';

/** Named pipes of Windows. They can be written to by their user and administrators only, and vanish with their process. */
export function controlPipes(): ControlPlace {
  const prefix = `capstan-${userInfo().username}-`;
  return {
    path: allPipes + prefix,
    addressOf: (name) => allPipes + prefix + name,
    prepare: () => Promise.resolve(),
    names: async () =>
      (await readdir(allPipes))
        .filter((pipe) => pipe.startsWith(prefix))
        .map((pipe) => pipe.slice(prefix.length))
        .filter((name) => processOf(name) !== undefined),
    restrict: () => Promise.resolve(),
    remove: () => {},
  };
}
