import type { Caller, Capability } from './capability.ts';
import type { InputRequest, InputResponse } from './invocation.ts';
import type { ProviderResult, TaskHandle } from './result.ts';

export interface TaskStatus {
  /** The last three are ends: nothing comes after them. */
  readonly state: 'working' | 'input-required' | 'completed' | 'failed' | 'cancelled';
  readonly message?: string;
  /** With `completed`: what the call would have answered. */
  readonly result?: ProviderResult;
  /** With `input-required`. A key names the same request however often it is asked. */
  readonly inputRequests?: Readonly<Record<string, InputRequest>>;
  /** How long to wait before asking again. */
  readonly pollAfterMs?: number;
}

/** A task, and whose it is: all that a plugin needs to reach its upstream where there is no session. */
export interface TaskReference extends TaskHandle {
  readonly capability: Capability;
  readonly caller: Caller;
}

/**
 * A plugin whose upstream can go on with work after a call returned. Called like a call, in a session where the capability asks for one;
 * what they throw is judged by `classifyError`. The runtime repeats `getTask` as a `read`, `cancelTask` as `idempotent`, `updateTask` as `once`.
 */
export interface RunsTasks<S = unknown> {
  getTask(session: S | undefined, task: TaskReference, signal: AbortSignal): Promise<TaskStatus>;
  updateTask(
    session: S | undefined,
    task: TaskReference,
    responses: Readonly<Record<string, InputResponse>>,
    signal: AbortSignal,
  ): Promise<TaskStatus>;
  /** Resolves with the state that the task has then, which may be `working` still, or another end that came first. */
  cancelTask(session: S | undefined, task: TaskReference, signal: AbortSignal): Promise<TaskStatus>;
}
