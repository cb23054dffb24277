import type { StdioProcessGroup } from './stdio-process-group.ts';

/** Marks the one listener, and holds what it has to end: found again on `process`, so that nothing is kept at module level. */
const groupsOf: unique symbol = Symbol.for('capstan.stdio-process-groups');

interface ExitListener {
  (): void;
  readonly [groupsOf]: Set<Pick<StdioProcessGroup, 'signal'>>;
}

/**
 * Kills the group when our own process exits: by itself, by `process.exit()` or by an uncaught error. One listener for all groups,
 * gone with the last. A signal without a handler and SIGKILL leave no time for it: then a server sees the end of its standard input.
 */
export function killOnExit(group: StdioProcessGroup): { readonly release: () => void } {
  const listener = process.listeners('exit').find(isOurs) ?? createListener();
  const groups = listener[groupsOf];
  groups.add(group);
  return {
    release: () => {
      groups.delete(group);
      if (groups.size === 0) process.off('exit', listener);
    },
  };
}

function createListener(): ExitListener {
  const groups: ExitListener[typeof groupsOf] = new Set();
  const listener: ExitListener = Object.assign(
    () => {
      for (const group of groups) group.signal('SIGKILL');
    },
    { [groupsOf]: groups },
  );
  process.on('exit', listener);
  return listener;
}

function isOurs(listener: unknown): listener is ExitListener {
  return typeof listener === 'function' && groupsOf in listener;
}
