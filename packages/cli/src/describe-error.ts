import { CapstanError, errorCodes } from '@capstan/provider';
import { inspect } from 'node:util';
import { type Style, visible } from './style.ts';
import { UsageError } from './usage-error.ts';

const deepestCause = 8;

/** `error CODE: what happened`, then what helps with it. */
export function describeError(error: unknown, style: Style, hint?: string): string {
  const message = error instanceof Error ? error.message : String(error);
  const lines = [`${style.paint(['red', 'bold'], `error ${codeOf(error)}:`)} ${visible(message)}`];
  if (hint !== undefined) lines.push(indented(visible(hint)));
  const lastLines = lastLinesOf(error);
  if (lastLines.length > 0) lines.push(indented(visible(['its last lines on stderr:', ...lastLines].join('\n  '))));
  const remedy = remedyOf(error);
  if (remedy !== undefined) lines.push(style.paint('dim', indented(remedy)));
  return lines.join('\n');
}

/** The stack of `error` and of all its causes: for `--verbose`. */
export function stackOf(error: unknown): string {
  const stacks: string[] = [];
  for (let cause = error; cause !== undefined && stacks.length < deepestCause; cause = causeOf(cause)) {
    stacks.push(cause instanceof Error ? (cause.stack ?? cause.message) : inspect(cause));
  }
  return stacks.join('\ncaused by: ');
}

function codeOf(error: unknown): string {
  return CapstanError.isInstance(error) || error instanceof UsageError ? error.code : 'UNEXPECTED';
}

function remedyOf(error: unknown): string | undefined {
  if (error instanceof UsageError)
    return error.helpTells ? '`capstan --help` shows how the command is used.' : undefined;
  if (!CapstanError.isInstance(error)) return 'With --verbose the stack is shown.';
  // The table's remedies are for calls; what happens at a control socket says itself what helps.
  if ('controlSocket' in error.details) return undefined;
  const { remedy } = errorCodes[error.code];
  const { capability } = error.details;
  const words = remedy.replace('Wait for `retryAfterMs`', waitText(error.retryAfterMs));
  return typeof capability === 'string' ? words.replace('<id>', capability) : words;
}

/** Rounded up: who comes back too early is sent away again. */
function waitText(ms: number | undefined): string {
  if (ms === undefined) return 'Wait a little';
  const seconds = Math.max(1, Math.ceil(ms / 1_000));
  return seconds < 120 ? `Wait ${seconds} s` : `Wait ${Math.ceil(seconds / 60)} min`;
}

/** What a process that was started for the call wrote before it failed, where the plugin tells. */
function lastLinesOf(error: unknown): readonly string[] {
  const lines = CapstanError.isInstance(error) ? error.details['stderr'] : undefined;
  return Array.isArray(lines) ? lines.filter((line) => typeof line === 'string') : [];
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, '  ');
}
