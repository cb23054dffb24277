import {
  type Capability,
  CapstanError,
  type Completes,
  type Completion,
  type CompletionRequest,
  type InputResponse,
  type ProviderPlugin,
  type RunsTasks,
  type TaskHandle,
  type TaskReference,
  type TaskStatus,
} from '@capstan/provider';
import { completes, runsTasks } from '../capability/abilities.ts';
import { Lifecycle, scoped } from '../container.ts';
import { ProviderRegistry } from '../provider-registry.ts';
import { asCapstanError } from '../recovery.ts';
import { RuntimeEvents } from '../runtime-events.ts';
import { Secrets } from '../secrets.ts';
import type { Operation, UpstreamWork, WorkContext, WorkDone } from '../upstream-work.ts';
import { type OperationOptions, hostCaller } from './call-options.ts';
import { Dispatcher } from './dispatcher.ts';
import { Marketplace } from './marketplace.ts';
import { RunningCalls } from './running-calls.ts';
import { type TaskControl, taskControl } from './task-control.ts';

/** What the caller of `complete` says; the rest of a `CompletionRequest` follows from the capability and the options. */
export type CompletionQuestion = Pick<CompletionRequest, 'argument' | 'context'>;

/** One of a task's operations: `use` gets the session of the work, undefined where there is none. */
interface TaskOperation {
  readonly operation: Operation;
  readonly effect: UpstreamWork<WorkContext, TaskStatus>['effect'];
  readonly use: (plugin: RunsTasks, session: unknown, task: TaskReference, signal: AbortSignal) => Promise<TaskStatus>;
}

/**
 * What is asked of an upstream beside calls: completions and tasks. By the rules of calls as to sessions, repeats, time, secrets and
 * closing. Interceptors and `call_rate_limit` are for calls only.
 */
@scoped(Lifecycle.ContainerScoped)
export class CapabilityOperations {
  readonly #marketplace: Marketplace;
  readonly #dispatcher: Dispatcher;
  readonly #registry: ProviderRegistry;
  readonly #running: RunningCalls;
  readonly #secrets: Secrets;
  readonly #events: RuntimeEvents;

  constructor(
    marketplace: Marketplace,
    dispatcher: Dispatcher,
    registry: ProviderRegistry,
    running: RunningCalls,
    secrets: Secrets,
    events: RuntimeEvents,
  ) {
    this.#marketplace = marketplace;
    this.#dispatcher = dispatcher;
    this.#registry = registry;
    this.#running = running;
    this.#secrets = secrets;
    this.#events = events;
  }

  /** Suggests values for an argument. Rejects with `NOT_SUPPORTED` where the plugin cannot, else like a call. */
  async complete(id: string, question: CompletionQuestion, options: OperationOptions = {}): Promise<Completion> {
    const capability = this.#marketplace.require(id);
    this.#check(capability, completes, 'suggest values for arguments');
    const { argument, context } = question;
    const ask = async (
      plugin: ProviderPlugin,
      session: unknown,
      { caller, signal }: WorkContext,
    ): Promise<Completion> =>
      await (plugin as ProviderPlugin & Completes).complete(session, {
        capability,
        caller,
        argument,
        ...(context && { context }),
        signal,
      });
    return await this.#perform(capability, options, {
      operation: 'complete',
      effect: 'read',
      withSession: ask,
      withoutSession: (plugin, work) => ask(plugin, undefined, work),
    });
  }

  /** Looks after a task. Throws `CAPABILITY_NOT_FOUND` or `NOT_SUPPORTED`. */
  task(id: string, handle: TaskHandle, options: OperationOptions = {}): TaskControl {
    const capability = this.#marketplace.require(id);
    this.#check(capability, runsTasks, 'look after tasks');
    const task = { ...handle, capability, caller: options.caller ?? hostCaller };
    const run = async (
      { operation, effect, use }: TaskOperation,
      more: Pick<OperationOptions, 'signal'> = {},
    ): Promise<TaskStatus> => {
      const signals = [options.signal, more.signal].filter((signal) => signal !== undefined);
      const ask = async (plugin: ProviderPlugin, session: unknown, { signal }: WorkContext): Promise<TaskStatus> =>
        await use(plugin as ProviderPlugin & RunsTasks, session, task, signal);
      return await this.#perform(
        capability,
        { ...options, ...(signals.length > 0 && { signal: AbortSignal.any(signals) }) },
        {
          operation,
          effect,
          withSession: ask,
          withoutSession: (plugin, work) => ask(plugin, undefined, work),
        },
      );
    };
    return taskControl({
      capability,
      handle,
      closing: this.#running.closing,
      status: (signal) => run(taskOperations.status, signal && { signal }),
      respond: (responses, signal) => run(respondWith(responses), signal && { signal }),
      cancel: () => run(taskOperations.cancel),
    });
  }

  async #perform<T>(
    capability: Capability,
    { caller = hostCaller, conversationId, ...options }: OperationOptions,
    work: UpstreamWork<WorkContext, T>,
  ): Promise<T> {
    const callId = this.#running.nextId();
    const deadline = this.#running.begin(capability, options);
    const startedAt = performance.now();
    const report = (outcome: string, done?: WorkDone<T>): void => {
      if (!this.#events.observed) return;
      this.#events.emit({
        type: 'call-end',
        call: callId,
        capability: capability.id,
        effect: work.effect,
        caller,
        outcome,
        ...(work.operation && { operation: work.operation }),
        attempts: done?.record.attempts ?? 0,
        durationMs: performance.now() - startedAt,
      });
    };
    try {
      const context = { callId, capability, caller, signal: deadline.signal, attempt: 0 };
      const done = await this.#dispatcher.perform(
        conversationId === undefined ? context : { ...context, conversationId },
        work,
      );
      report('ok', done);
      return this.#secrets.redact(done.result);
    } catch (cause) {
      const error = this.#secrets.redactError(asCapstanError(capability, cause));
      report(error.code);
      throw error;
    } finally {
      this.#running.end(deadline);
    }
  }

  #check({ id, provider }: Capability, isAble: (plugin: ProviderPlugin) => boolean, what: string): void {
    const plugin = this.#registry.get(provider);
    if (plugin !== undefined && isAble(plugin)) return;
    throw new CapstanError('NOT_SUPPORTED', `The provider "${provider}", which runs ${id}, cannot ${what}.`, {
      details: { capability: id, provider },
    });
  }
}

const taskOperations: Readonly<Record<'status' | 'cancel', TaskOperation>> = {
  status: {
    operation: 'task-status',
    effect: 'read',
    use: (plugin, session, task, signal) => plugin.getTask(session, task, signal),
  },
  cancel: {
    operation: 'task-cancel',
    effect: 'idempotent',
    use: (plugin, session, task, signal) => plugin.cancelTask(session, task, signal),
  },
};

function respondWith(responses: Readonly<Record<string, InputResponse>>): TaskOperation {
  return {
    operation: 'task-respond',
    effect: 'once',
    use: (plugin, session, task, signal) => plugin.updateTask(session, task, responses, signal),
  };
}
