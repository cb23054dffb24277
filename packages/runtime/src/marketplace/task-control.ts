import {
  type Capability,
  CapstanError,
  type InputRequest,
  type InputResponse,
  type ProviderResult,
  type TaskHandle,
  type TaskStatus,
} from '@capstan/provider';
import { pause, untilAborted } from '../recovery.ts';

/** Where the upstream does not say how long to wait before asking again. */
const pollAfterMs = 1_000;
const shortestPollMs = 20;
const longestPollMs = 60_000;
/** Looks that failed in a row, each with a chance that the next does not. */
const mostFailedLooks = 5;

export interface TaskWaitOptions {
  /** Ends the waiting, not the task. */
  readonly signal: AbortSignal;
  /** Told each state that is seen, the same one again included. */
  readonly onStatus?: (status: TaskStatus) => void;
  /** Answers what the upstream asks, one question after the other, each once. Without it, questions are left to others to answer. */
  readonly onInputRequired?: (request: InputRequest) => Promise<InputResponse>;
}

/** Looks after work that an upstream goes on with. Holds nothing open: each look is a request of its own, by the rules of a call. */
export interface TaskControl {
  readonly handle: TaskHandle;
  status(): Promise<TaskStatus>;
  /** Answers questions, by their keys. Never repeated once it was sent. */
  respond(responses: Readonly<Record<string, InputResponse>>): Promise<TaskStatus>;
  /** Asks the upstream to stop. Resolves with the state that it has then. */
  cancel(): Promise<TaskStatus>;
  /**
   * Asks for the state again and again, as often as the upstream wants, until the task has ended; resolves with its result. Has no time
   * limit of its own. Rejects with `UPSTREAM_ERROR` where the task failed, `CANCELLED` where it was cancelled or `signal` aborted,
   * `CLOSED`, what `onInputRequired` rejects with, or what asking rejects with, where trying again does not help.
   */
  wait(options: TaskWaitOptions): Promise<ProviderResult>;
}

export interface TaskControlParts {
  readonly capability: Capability;
  readonly handle: TaskHandle;
  /** Aborts when the runtime closes. */
  readonly closing: AbortSignal;
  readonly status: (signal?: AbortSignal) => Promise<TaskStatus>;
  readonly respond: (responses: Readonly<Record<string, InputResponse>>, signal?: AbortSignal) => Promise<TaskStatus>;
  readonly cancel: () => Promise<TaskStatus>;
}

export function taskControl(parts: TaskControlParts): TaskControl {
  return {
    handle: parts.handle,
    status: () => parts.status(),
    respond: (responses) => parts.respond(responses),
    cancel: () => parts.cancel(),
    wait: (options) => waitForEnd(parts, options),
  };
}

async function waitForEnd(parts: TaskControlParts, options: TaskWaitOptions): Promise<ProviderResult> {
  const { signal, onStatus, onInputRequired } = options;
  const answered = new Set<string>();
  let status = await look(parts, signal);
  for (;;) {
    onStatus?.(status);
    if (isEnd(status)) return resultOf(parts, status);
    const asked = Object.entries(status.inputRequests ?? {}).filter(([key]) => !answered.has(key));
    if (onInputRequired !== undefined && status.state === 'input-required' && asked.length > 0) {
      const responses: [string, InputResponse][] = [];
      for (const [key, request] of asked) {
        const answer = onInputRequired(request);
        responses.push([key, await unlessOver(parts, signal, (until) => untilAborted(answer, until))]);
      }
      status = await parts.respond(Object.fromEntries(responses), signal);
      for (const [key] of asked) answered.add(key);
      if (isEnd(status)) continue;
      onStatus?.(status);
    }
    await rest(parts, status.pollAfterMs ?? pollAfterMs, signal);
    status = await look(parts, signal);
  }
}

/** The state, however often asking fails in a way that passes. */
async function look(parts: TaskControlParts, signal: AbortSignal): Promise<TaskStatus> {
  for (let failed = 1; ; failed++) {
    try {
      return await parts.status(signal);
    } catch (error) {
      const passes = CapstanError.isInstance(error) && error.retryable && failed < mostFailedLooks;
      if (!passes) throw error;
      await rest(parts, error.retryAfterMs ?? pollAfterMs, signal);
    }
  }
}

async function rest(parts: TaskControlParts, ms: number, signal: AbortSignal): Promise<void> {
  const bounded = Math.min(longestPollMs, Math.max(shortestPollMs, Number.isFinite(ms) ? ms : pollAfterMs));
  await unlessOver(parts, signal, (until) => pause(bounded, until));
}

/** What `begin` waits for, as long as the caller wants the task's end and the runtime is not closed. */
async function unlessOver<T>(
  { capability, handle, closing }: TaskControlParts,
  signal: AbortSignal,
  begin: (until: AbortSignal) => Promise<T>,
): Promise<T> {
  try {
    return await begin(AbortSignal.any([signal, closing]));
  } catch (cause) {
    if (!signal.aborted) throw cause;
    const message = `Waiting for task ${handle.id} of ${capability.id} was cancelled. The task itself goes on.`;
    throw new CapstanError('CANCELLED', message, { cause, details: { capability: capability.id, task: handle.id } });
  }
}

function isEnd({ state }: TaskStatus): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}

function resultOf({ capability: { id }, handle }: TaskControlParts, status: TaskStatus): ProviderResult {
  const { state, message, result } = status;
  if (state === 'completed' && result !== undefined) return result;
  const why = message === undefined || message === '' ? '' : `: ${message}`;
  const details = { capability: id, task: handle.id, state };
  if (state === 'cancelled')
    throw new CapstanError('CANCELLED', `Task ${handle.id} of ${id} was cancelled${why}`, { details });
  const what = state === 'failed' ? 'failed' : 'ended without a result';
  throw new CapstanError('UPSTREAM_ERROR', `Task ${handle.id} of ${id} ${what}${why}`, { details, retryable: false });
}
