import type { InputResponse, JsonObject, ProviderResult, TaskStatus } from '@capstan/provider';
import { isJsonObject } from './is-record.ts';
import type { McpSession } from './mcp-session.ts';
import { parseInputRequests } from './request-with-input.ts';
import type { RequestOptions } from './wire/pending-request.ts';
import { MalformedResult, RpcError } from './wire/wire-errors.ts';

export interface TaskCall {
  readonly session: McpSession;
  readonly taskId: string;
  readonly request: RequestOptions;
  /** Shapes the answer that the call would have given. */
  readonly shape: (result: JsonObject) => ProviderResult;
}

const states: ReadonlyMap<string, TaskStatus['state']> = new Map([
  ['working', 'working'],
  ['input_required', 'input-required'],
  ['completed', 'completed'],
  ['failed', 'failed'],
  ['cancelled', 'cancelled'],
]);
const invalidParams = -32602;

/** How a task stands: the extension `io.modelcontextprotocol/tasks` on a modern server, the experimental tasks of 2025-11-25 on a legacy one. */
export async function getTask(call: TaskCall): Promise<TaskStatus> {
  const task = await send(call, 'tasks/get');
  return call.session.era === 'modern' ? modernStatus(call, task) : legacyStatus(call, task);
}

/** Hands over answers. They count once the server has taken them, even if asking for the state fails then. */
export async function updateTask(
  call: TaskCall,
  responses: Readonly<Record<string, InputResponse>>,
): Promise<TaskStatus> {
  if (call.session.era === 'legacy') call.session.legacyTasks.answer(call.taskId, responses);
  else await send(call, 'tasks/update', { inputResponses: responses });
  return getTask(call).catch(() => ({ state: 'working' }));
}

/** A task that has ended before keeps its end. */
export async function cancelTask(call: TaskCall): Promise<TaskStatus> {
  let refusal: RpcError | undefined;
  try {
    const task = await send(call, 'tasks/cancel');
    if (call.session.era === 'legacy') return await legacyStatus(call, task);
  } catch (error) {
    if (!(error instanceof RpcError && error.code === invalidParams)) throw error;
    refusal = error;
  }
  try {
    return await getTask(call);
  } catch (error) {
    if (!(error instanceof RpcError && error.code === invalidParams)) throw error;
    // Taken and forgotten at once, or never known.
    if (refusal !== undefined) throw refusal;
    return { state: 'cancelled' };
  }
}

function send({ session, taskId, request }: TaskCall, method: string, more: JsonObject = {}): Promise<JsonObject> {
  return session.connection.peer.request(method, { taskId, ...more }, request);
}

function modernStatus({ shape }: TaskCall, task: JsonObject): TaskStatus {
  const status = commonStatus(task);
  const { result, error, inputRequests } = task;
  switch (status.state) {
    case 'completed':
      if (result === undefined || !isJsonObject(result)) throw new MalformedResult('The completed task has no result.');
      return { ...status, result: shape(result) };
    case 'input-required':
      return { ...status, inputRequests: parseInputRequests(inputRequests) };
    case 'failed': {
      const told = error !== undefined && isJsonObject(error) ? error['message'] : undefined;
      return status.message !== undefined || typeof told !== 'string' ? status : { ...status, message: told };
    }
    default:
      return status;
  }
}

/**
 * The answer of a legacy task is a request of its own, on whose stream the server asks its questions (2025-11-25, "Tasks"). A tool that
 * failed is, as in the modern revision, a task that has its answer.
 */
async function legacyStatus(call: TaskCall, task: JsonObject): Promise<TaskStatus> {
  const { session, taskId, request, shape } = call;
  const status = commonStatus(task);
  switch (status.state) {
    case 'completed':
    case 'failed':
      session.legacyTasks.forget(taskId);
      try {
        return { ...status, state: 'completed', result: shape(await send(call, 'tasks/result')) };
      } catch (error) {
        if (status.state === 'completed' || !(error instanceof RpcError)) throw error;
        return { ...status, message: status.message ?? error.message };
      }
    case 'input-required':
      return { ...status, inputRequests: await session.legacyTasks.questions(taskId, request) };
    default:
      if (status.state === 'cancelled') session.legacyTasks.forget(taskId);
      return status;
  }
}

function commonStatus(task: JsonObject): Pick<TaskStatus, 'state' | 'message' | 'pollAfterMs'> {
  const { status, statusMessage } = task;
  const state = typeof status === 'string' ? states.get(status) : undefined;
  if (state === undefined) throw new MalformedResult('The task has no state that is known.');
  const pollAfterMs = task['pollIntervalMs'] ?? task['pollInterval'];
  return {
    state,
    ...(typeof statusMessage === 'string' ? { message: statusMessage } : {}),
    ...(typeof pollAfterMs === 'number' ? { pollAfterMs } : {}),
  };
}

/** The task that an answer announces, instead of a result. Undefined where it is none. */
export function announcedTask(result: JsonObject): ProviderResult | undefined {
  const task = result['resultType'] === 'task' ? result : result['task'];
  if (task === undefined || !isJsonObject(task)) return undefined;
  const { taskId } = task;
  if (typeof taskId !== 'string') throw new MalformedResult('The task has no id.');
  return { output: null, isError: false, task: { id: taskId } };
}
