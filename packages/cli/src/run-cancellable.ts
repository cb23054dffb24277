import { CapstanError } from '@capstan/provider';
import { formatProblem } from '@capstan/runtime';
import { type Cancellation, cancelOnSignals } from './cancellation.ts';
import { type ExitCode, exitCodeOf } from './exit-codes.ts';
import type { GlobalOptions } from './global-options.ts';
import { type LoadedRuntime, withRuntime } from './load-runtime.ts';
import type { Output } from './output.ts';

/** How long what was cancelled may take to let go of its session. */
const cancelledEndsWithinMs = 1_000;

/** Runs `use` with a runtime and what cancels it; the problems of the manifests are told first. */
export async function runCancellable(
  options: GlobalOptions,
  output: Output,
  use: (loaded: LoadedRuntime, cancellation: Cancellation) => Promise<ExitCode>,
): Promise<ExitCode> {
  using cancellation = cancelOnSignals((name) => {
    if (output.verbose) output.note(`${name}: cancelling; once more ends at once`);
  });
  return await withRuntime(
    options,
    output,
    async (loaded) => {
      output.problems(loaded.problems.map(formatProblem));
      return await use(loaded, cancellation);
    },
    () => (cancellation.exitCode === undefined ? undefined : cancelledEndsWithinMs),
  );
}

/** Tells a failure. Resolves with what to end with: after a signal, what it stands for. */
export function failed(error: unknown, cancellation: Cancellation, output: Output, hint?: string): ExitCode {
  output.failure(error, hint);
  const isCancelled = CapstanError.isInstance(error) && error.code === 'CANCELLED';
  return isCancelled && cancellation.exitCode !== undefined ? cancellation.exitCode : exitCodeOf(error);
}
