import type {
  Caller,
  CallLimits,
  Capability,
  Completes,
  ProviderResult,
  RunsTasks,
  TaskReference,
  TaskStatus,
} from '@capstan/provider';
import type { CallContext } from './call-context.ts';
import { toolResult } from './call-operation.ts';
import { completeArgument, completionReference } from './complete-argument.ts';
import type { McpOperation } from './mcp-operation.ts';
import type { McpSession } from './mcp-session.ts';
import { cancelTask, getTask, updateTask, type TaskCall } from './tasks.ts';

/** On whose behalf something is asked, and until when. */
export interface Work {
  readonly capability: Capability;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

export interface OperationsOptions {
  readonly limits: (capability: Capability) => CallLimits;
  readonly operationOf: (capability: Capability) => McpOperation;
  /** Runs `use` on the session, or on one of its own where there is none. Rejects as a call would. */
  readonly perform: <T extends object>(
    session: McpSession | undefined,
    work: Work,
    attempt: string,
    use: (session: McpSession, context: CallContext) => Promise<T>,
  ) => Promise<T>;
  /** Holds an answer that came later against the declared output. */
  readonly checkOutput: (capability: Capability, result: ProviderResult) => Promise<void>;
}

/** What MCP servers do beside calls: suggest values for arguments, and go on with tasks. */
export function upstreamOperations(options: OperationsOptions): Completes<McpSession> & RunsTasks<McpSession> {
  const { limits, operationOf, perform, checkOutput } = options;

  async function onTask(
    session: McpSession | undefined,
    task: TaskReference,
    signal: AbortSignal,
    attempt: string,
    use: (call: TaskCall) => Promise<TaskStatus>,
  ): Promise<TaskStatus> {
    const { capability, caller, id } = task;
    const { timeoutMs, maxOutputBytes: maxBytes } = limits(capability);
    const status = await perform(session, { capability, caller, signal }, `${attempt} task ${id}`, (found, context) =>
      use({ session: found, taskId: id, shape: toolResult, request: { signal, context, timeoutMs, maxBytes } }),
    );
    if (status.result !== undefined) await checkOutput(capability, status.result);
    return status;
  }

  return {
    async complete(session, request) {
      const { capability, argument } = request;
      const reference = completionReference(operationOf(capability), capability.id);
      const { timeoutMs, maxOutputBytes: maxBytes } = limits(capability);
      return perform(session, request, `Completing "${argument.name}" of ${capability.id}`, (found, context) =>
        completeArgument(found, reference, request, { context, timeoutMs, maxBytes }),
      );
    },
    getTask: (session, task, signal) => onTask(session, task, signal, 'Looking at', getTask),
    updateTask: (session, task, responses, signal) =>
      onTask(session, task, signal, 'Answering', (call) => updateTask(call, responses)),
    cancelTask: (session, task, signal) => onTask(session, task, signal, 'Cancelling', cancelTask),
  };
}
