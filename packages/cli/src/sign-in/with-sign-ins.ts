import type { Capability } from '@capstan/provider';
import { CapstanError } from '@capstan/provider';
import { createSignIns, type SignIns } from '@capstan/provider-mcp/oauth';
import type { Cancellation } from '../cancellation.ts';
import { loadConfig } from '../config.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { GlobalOptions } from '../global-options.ts';
import type { Output } from '../output.ts';
import { failed, runCancellable } from '../run-cancellable.ts';
import { findSignIn } from './find-sign-in.ts';

export interface SignInCommandOptions extends GlobalOptions {
  /** Whose sign-in. Default: who uses this command, an embedding program or an open gateway. */
  readonly caller?: string;
}

/** What a command about a sign-in gets. */
export interface SignInScene {
  readonly capability: Capability;
  readonly signIns: SignIns;
  readonly caller: { readonly subject: string };
  readonly cancellation: Cancellation;
}

/** Runs `use` with the capability that `word` means. */
export async function withSignIns(
  word: string,
  options: SignInCommandOptions,
  output: Output,
  use: (scene: SignInScene) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { egress } = await loadConfig(process.cwd(), options.config);
  return await runCancellable(options, output, async (loaded, cancellation) => {
    await using signIns = createSignIns({
      secrets: { read: (variable) => Promise.resolve(process.env[variable]) },
      logger: {
        log: (level, message, details) => {
          if (output.verbose)
            output.note(`${level}: ${message}${details === undefined ? '' : ` ${JSON.stringify(details)}`}`);
        },
      },
      ...(egress === undefined ? {} : { egress }),
    });
    try {
      const capability = await findSignIn(word, loaded, signIns);
      return await use({ capability, signIns, caller: { subject: options.caller ?? 'host' }, cancellation });
    } catch (error) {
      const isCancelled = cancellation.signal.aborted && !CapstanError.isInstance(error);
      return failed(
        isCancelled ? new CapstanError('CANCELLED', 'The sign-in was cancelled.', { cause: error }) : error,
        cancellation,
        output,
      );
    }
  });
}
