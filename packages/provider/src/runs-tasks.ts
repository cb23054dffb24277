import type { InputRequest, InputResponse } from './invocation.ts';
import type { ProviderResult, TaskHandle } from './result.ts';

export interface TaskStatus {
  readonly state: 'working' | 'input-required' | 'completed' | 'failed' | 'cancelled';
  readonly message?: string;
  readonly result?: ProviderResult;
  readonly inputRequests?: Readonly<Record<string, InputRequest>>;
  /** How long to wait before asking again. */
  readonly pollAfterMs?: number;
}

/** A plugin whose upstream can go on with work after a call returned. */
export interface RunsTasks<S = unknown> {
  getTask(session: S | undefined, task: TaskHandle, signal: AbortSignal): Promise<TaskStatus>;
  updateTask(
    session: S | undefined,
    task: TaskHandle,
    responses: Readonly<Record<string, InputResponse>>,
    signal: AbortSignal,
  ): Promise<TaskStatus>;
  cancelTask(session: S | undefined, task: TaskHandle, signal: AbortSignal): Promise<TaskStatus>;
}
