import { CapstanError, type InputRequest, type InputResponse, type JsonObject } from '@capstan/provider';
import { listTools } from './discover/list-offers.ts';
import { isJsonObject } from './is-record.ts';
import { untilAborted } from './until-aborted.ts';
import type { McpPeer } from './wire/peer.ts';
import type { RequestOptions } from './wire/pending-request.ts';

/**
 * The experimental tasks of 2025-11-25 in one session: which tools run as one, and what the server asked about tasks until it is answered,
 * with one request for each task that waits.
 */
export class LegacyTasks {
  readonly #waiting = new Map<string, WaitingTask>();
  readonly #peer: McpPeer;
  readonly #ended: AbortSignal;
  #tools: Promise<ReadonlySet<string>> | undefined;

  /** `ended` aborts with the session. */
  constructor(peer: McpPeer, ended: AbortSignal) {
    this.#peer = peer;
    this.#ended = ended;
  }

  /** Whether the server runs this tool as a task: its list says so, read once. A failure to read it is not kept. */
  async supports(tool: string, signal: AbortSignal): Promise<boolean> {
    const tools = this.#tools ?? this.#readTools();
    this.#tools = tools;
    try {
      return (await untilAborted(tools, signal)).has(tool);
    } catch (error) {
      if (this.#tools === tools && !signal.aborted) this.#tools = undefined;
      throw error;
    }
  }

  /** To be called when the server says that its tools changed. */
  forgetTools(): void {
    this.#tools = undefined;
  }

  /** Asks for the answer of the task, so that the server can ask; what it asked until now. */
  async questions(
    taskId: string,
    { context, signal }: RequestOptions,
  ): Promise<Readonly<Record<string, InputRequest>>> {
    let task = this.#waiting.get(taskId);
    if (task === undefined) {
      task = new WaitingTask();
      this.#waiting.set(taskId, task);
      this.#listen(taskId, task, context);
    }
    await task.firstQuestion(signal);
    return task.questions;
  }

  /** The one who is asked about a task, where a question names one. */
  find(params: JsonObject): WaitingTask | undefined {
    if (this.#waiting.size === 0) return undefined;
    const { _meta: meta } = params;
    const related = meta !== undefined && isJsonObject(meta) ? meta['io.modelcontextprotocol/related-task'] : undefined;
    const taskId = related !== undefined && isJsonObject(related) ? related['taskId'] : undefined;
    return typeof taskId === 'string' ? this.#waiting.get(taskId) : undefined;
  }

  /** Throws `INPUT_INVALID` where nothing of that name was asked in this session. */
  answer(taskId: string, responses: Readonly<Record<string, InputResponse>>): void {
    const task = this.#waiting.get(taskId);
    const unknown = Object.keys(responses).find((key) => task?.questions[key] === undefined);
    if (task === undefined || unknown !== undefined)
      throw new CapstanError(
        'INPUT_INVALID',
        `Task ${taskId} asks nothing called ${unknown ?? ''}; ask for its state first.`,
        {
          details: { task: taskId },
        },
      );
    for (const [key, response] of Object.entries(responses)) task.answer(key, response);
  }

  /** The task has ended, or nobody asks for it any more. */
  forget(taskId: string): void {
    this.#waiting.get(taskId)?.end();
    this.#waiting.delete(taskId);
  }

  async #readTools(): Promise<ReadonlySet<string>> {
    const { offers } = await listTools(this.#peer, this.#ended);
    return new Set(offers.filter(isTaskTool).map(({ name }) => name));
  }

  #listen(taskId: string, task: WaitingTask, context: RequestOptions['context']): void {
    const signal = AbortSignal.any([task.ended, this.#ended]);
    const owner =
      context === undefined ? undefined : { ...context, onInputRequired: (request: InputRequest) => task.ask(request) };
    this.#peer
      .request('tasks/result', { taskId }, { timeoutMs: Infinity, context: owner, signal, lasting: true })
      .catch(() => undefined)
      .finally(() => this.forget(taskId));
  }
}

function isTaskTool({ execution }: JsonObject): boolean {
  const support = execution !== undefined && isJsonObject(execution) ? execution['taskSupport'] : undefined;
  return support === 'required' || support === 'optional';
}

/** One task whose server waits for answers. */
class WaitingTask {
  readonly #answers = new Map<string, (response: InputResponse) => void>();
  readonly #questions: Record<string, InputRequest> = {};
  readonly #end = new AbortController();
  readonly #asked = Promise.withResolvers<void>();
  #count = 0;

  get ended(): AbortSignal {
    return this.#end.signal;
  }

  get questions(): Readonly<Record<string, InputRequest>> {
    return { ...this.#questions };
  }

  ask(request: InputRequest): Promise<InputResponse> {
    this.#count += 1;
    const key = `question-${this.#count}`;
    const answer = Promise.withResolvers<InputResponse>();
    this.#answers.set(key, answer.resolve);
    this.#questions[key] = request;
    this.#asked.resolve();
    this.ended.addEventListener('abort', () => answer.reject(this.ended.reason as Error), { once: true });
    return answer.promise;
  }

  answer(key: string, response: InputResponse): void {
    delete this.#questions[key];
    this.#answers.get(key)?.(response);
    this.#answers.delete(key);
  }

  /** Resolves once something was asked, nothing will be, or nobody waits. */
  async firstQuestion(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) return;
    const over = Promise.withResolvers<void>();
    const onAbort = (): void => over.resolve();
    signal?.addEventListener('abort', onAbort, { once: true });
    await Promise.race([this.#asked.promise, over.promise]);
    signal?.removeEventListener('abort', onAbort);
  }

  end(): void {
    this.#end.abort();
    this.#asked.resolve();
  }
}
