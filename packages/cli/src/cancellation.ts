import { watchChildProcesses } from './child-processes.ts';
import type { ExitCode } from './exit-codes.ts';

const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const satisfies Readonly<Record<string, ExitCode>>;

/** Turns the first signal to end into a cancel, so that sessions can be closed; the second ends the process at once, and every process that it started. */
export interface Cancellation extends Disposable {
  readonly signal: AbortSignal;
  /** After a signal came: what to end with. */
  readonly exitCode: ExitCode | undefined;
}

export function cancelOnSignals(onCancel: (name: string) => void): Cancellation {
  const children = watchChildProcesses();
  const controller = new AbortController();
  let exitCode: ExitCode | undefined;
  const listener = (name: NodeJS.Signals): void => {
    const code = exitCodes[name as keyof typeof exitCodes];
    if (exitCode !== undefined) {
      children.kill();
      process.exit(code);
    }
    exitCode = code;
    onCancel(name);
    controller.abort();
  };
  const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[];
  for (const name of names) process.on(name, listener);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    [Symbol.dispose]: () => {
      for (const name of names) process.off(name, listener);
      children[Symbol.dispose]();
    },
  };
}
