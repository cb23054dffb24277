import { EgressError } from '@capstan/http-egress';
import { CapstanError, type JsonObject } from '@capstan/provider';
import type { CallContext } from './call-context.ts';
import { StartFailure } from './connection.ts';
import type { ErrorExplanation, ErrorScene } from './error-explanation.ts';
import { explainError } from './error-verdict.ts';
import { lastWords } from './last-words.ts';
import type { McpOperation } from './mcp-operation.ts';
import { UpstreamError, safeCause, strikeOut } from './upstream-error.ts';

export interface CallFailureOptions {
  /** What was tried, for people: `Calling tool "echo"`. */
  readonly attempt: string;
  readonly scene: ErrorScene;
  readonly context: CallContext;
  readonly signal: AbortSignal;
  /** Called where the server seems to speak another protocol era than was thought. */
  readonly onEraDoubt: () => void;
}

/** Turns whatever was thrown into the error that leaves the plugin, free of this call's secrets. */
export function toCallFailure(error: unknown, options: CallFailureOptions): CapstanError {
  const { attempt, scene, context, signal, onEraDoubt } = options;
  const ours = findCapstanError(error);
  if (ours !== undefined && ours !== signal.reason) return scene.opening ? unsent(ours) : ours;
  if (signal.aborted) return aborted(attempt, signal, !scene.opening);
  const { lastLines, cause } = error instanceof StartFailure ? error : { lastLines: [], cause: error };
  const { secretValues } = context;
  const said = lastLines.map((line) => strikeOut(line, secretValues));
  const explanation = explainError(cause, { ...scene, lastWords: lastWords(said) });
  if (explanation.eraDoubtful === true) onEraDoubt();
  const verdict = scene.opening ? { ...explanation.verdict, sent: false } : explanation.verdict;
  return new UpstreamError(
    explanation.code,
    `${bounded(strikeOut(`${attempt} failed: ${explanation.what}`, secretValues))}.`,
    verdict,
    {
      cause: safeCause(cause, secretValues),
      details: details(explanation, scene, said),
    },
  );
}

const longestMessage = 1000;

/** Cut after secrets were struck out: a part of one would not be found. */
function bounded(text: string): string {
  return text.length > longestMessage ? `${text.slice(0, longestMessage)} …` : text;
}

/** The call ended because its signal said so: the caller's wish, or its deadline. */
export function aborted(attempt: string, signal: AbortSignal, sent: boolean): CapstanError {
  const reason: unknown = signal.reason;
  const verdict = { kind: 'caller', sent } as const;
  if (CapstanError.isInstance(reason)) {
    const { code, message, details: facts } = reason;
    return new UpstreamError(code, message, verdict, { cause: reason, details: facts });
  }
  const isDeadline = reason instanceof Error && reason.name === 'TimeoutError';
  return isDeadline
    ? new UpstreamError('TIMEOUT', `${attempt} took longer than the call may take.`, verdict, { cause: reason })
    : new UpstreamError('CANCELLED', `${attempt} was cancelled.`, verdict, { cause: reason });
}

export function describeAttempt(operation: McpOperation): string {
  switch (operation.kind) {
    case 'tool':
      return `Calling tool "${operation.name}"`;
    case 'prompt':
      return `Getting prompt "${operation.name}"`;
    case 'resource':
      return `Reading resource "${operation.uri}"`;
    case 'resource-template':
      return `Reading a resource of "${operation.template}"`;
  }
}

/** Where opening failed, no call can have happened, whatever else went wrong. */
function unsent(error: CapstanError): CapstanError {
  if (!(error instanceof UpstreamError) || !error.verdict.sent) return error;
  const { code, message, verdict, cause, details: facts } = error;
  return new UpstreamError(code, message, { ...verdict, sent: false }, { cause, details: facts });
}

function details(explanation: ErrorExplanation, scene: ErrorScene, lastLines: readonly string[]): JsonObject {
  return {
    server: scene.where,
    ...explanation.details,
    ...(lastLines.length === 0 ? {} : { stderr: lastLines }),
  };
}

/** An error that says all itself: of a missing variable, for example. */
function findCapstanError(error: unknown): CapstanError | undefined {
  let current = error;
  for (let depth = 0; depth < 8; depth += 1) {
    if (current instanceof EgressError) return undefined;
    if (CapstanError.isInstance(current)) return current;
    if (!(current instanceof Error)) return undefined;
    current = current.cause;
  }
  return undefined;
}
