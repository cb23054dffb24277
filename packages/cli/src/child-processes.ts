import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

const channel = 'child_process';

/** The processes that plugins start, as Node.js announces them. */
export interface ChildProcesses extends Disposable {
  /** Makes those that still run end: they are not asked. */
  kill(): void;
}

export function watchChildProcesses(): ChildProcesses {
  const running = new Set<ChildProcess>();
  const listener = (message: unknown): void => {
    const { process: child } = message as { readonly process: ChildProcess };
    running.add(child);
    child.once('exit', () => running.delete(child));
  };
  subscribe(channel, listener);
  return {
    kill: () => {
      for (const child of running) child.kill('SIGKILL');
    },
    [Symbol.dispose]: () => {
      unsubscribe(channel, listener);
    },
  };
}
