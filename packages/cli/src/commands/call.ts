import {
  type Capability,
  type CapabilityResult,
  CapstanError,
  type ContentBlock,
  type Progress,
} from '@capstan/provider';
import { formatProblem } from '@capstan/runtime';
import { type Cancellation, cancelOnSignals } from '../cancellation.ts';
import { type ExitCode, exitCodeOf } from '../exit-codes.ts';
import { findCapability } from '../find-capability.ts';
import type { GlobalOptions } from '../global-options.ts';
import { withRuntime } from '../load-runtime.ts';
import type { Output } from '../output.ts';
import { readInput } from '../read-input.ts';
import { inputUsage } from '../schema-types.ts';
import { type Style, visible } from '../style.ts';

/** How long a cancelled call may take to let go of its session. */
const cancelledCallEndsWithinMs = 1_000;

export interface CallCommandOptions extends GlobalOptions {
  readonly input?: string;
  /** Milliseconds for all of the call. */
  readonly timeout?: number;
}

export async function call(
  id: string,
  words: readonly string[],
  options: CallCommandOptions,
  output: Output,
): Promise<ExitCode> {
  using cancellation = cancelOnSignals((name) => {
    if (output.verbose) output.note(`${name}: cancelling; once more ends at once`);
  });
  const closeWithinMs = (): number | undefined =>
    cancellation.exitCode === undefined ? undefined : cancelledCallEndsWithinMs;
  return await withRuntime(
    options,
    output,
    async (loaded) => {
      output.problems(loaded.problems.map(formatProblem));
      const capability = await findCapability(id, loaded);
      try {
        const input = await readInput(words, {
          id,
          file: options.input,
          schema: capability.input,
          signal: cancellation.signal,
        });
        const result = await loaded.runtime.call(id, input, {
          signal: cancellation.signal,
          ...(options.timeout !== undefined && { maxTotalMs: options.timeout }),
          onProgress: (progress) => output.progress(progressText(id, progress)),
          ...(output.verbose && {
            onLog: ({ level, logger = id, data }) => output.note(`${level}: ${logger}: ${jsonText(data)}`),
          }),
        });
        return report(id, result, output);
      } catch (error) {
        output.failure(error, hintOf(error, capability));
        return exitCodeAfter(error, cancellation);
      }
    },
    closeWithinMs,
  );
}

function report(id: string, result: CapabilityResult, output: Output): ExitCode {
  output.answer({ document: result, text: (style) => resultText(result, style) });
  if (output.verbose) {
    const { session, durationMs, attempts } = result.call;
    const tries = attempts > 1 ? `, ${attempts} attempts` : '';
    output.note(`session: ${session}, ${Math.round(durationMs)} ms${tries}`);
  }
  if (!result.isError) return 0;
  output.note(`${id} reported failure.`);
  return 1;
}

/** Text as text, everything else as JSON; where there is only content, its text, and a word about each block that is none. */
function resultText({ output, content }: CapabilityResult, style: Style): string {
  const text =
    output === null && content !== undefined && content.length > 0
      ? content.map(blockText).join('\n')
      : jsonText(output, 2);
  return style.columns === undefined ? text : visible(text);
}

function blockText(block: ContentBlock): string {
  const { type, text, mimeType, uri } = block;
  if (typeof text === 'string') return text;
  return `[${[type, mimeType, uri].filter((word) => typeof word === 'string').join(' ')}]`;
}

function jsonText(value: unknown, indent?: number): string {
  return typeof value === 'string' ? value : JSON.stringify(value, null, indent);
}

function progressText(id: string, { progress, total, message }: Progress): string {
  const share = total === undefined ? String(progress) : `${progress}/${total}`;
  return `${id}: ${share}${message === undefined ? '' : ` ${message}`}`;
}

function hintOf(error: unknown, { id, input }: Capability): string | undefined {
  if (!CapstanError.isInstance(error) || error.code !== 'INPUT_INVALID' || input === undefined) return undefined;
  const usage = inputUsage(input);
  return usage === '' ? undefined : `capstan call ${id} ${usage}`;
}

function exitCodeAfter(error: unknown, { exitCode }: Cancellation): ExitCode {
  return CapstanError.isInstance(error) && error.code === 'CANCELLED' && exitCode !== undefined
    ? exitCode
    : exitCodeOf(error);
}
