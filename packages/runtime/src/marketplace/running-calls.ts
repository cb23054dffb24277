import { type Capability, CapstanError } from '@capstan/provider';
import { Lifecycle, scoped } from '../container.ts';
import { CallDeadline } from './call-deadline.ts';
import { CallLimitTable, type TighterLimits } from './call-limits.ts';

export interface RunningCallOptions extends TighterLimits {
  /** The caller's own. */
  readonly signal?: AbortSignal;
}

/** What is under way in one runtime, each with a number and a deadline. */
@scoped(Lifecycle.ContainerScoped)
export class RunningCalls {
  readonly #limits: CallLimitTable;
  readonly #deadlines = new Set<CallDeadline>();
  readonly #closing = new AbortController();
  #sequence = 0;
  #ending: Promise<void> | undefined;
  #onIdle: (() => void) | undefined;

  constructor(limits: CallLimitTable) {
    this.#limits = limits;
  }

  /** Aborts, with the error to throw, when nothing new is taken any more. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Unique in this runtime. */
  nextId(): string {
    return `call-${++this.#sequence}`;
  }

  /** Throws `CLOSED`. Whoever begins a call ends it. */
  begin(capability: Capability, options: RunningCallOptions): CallDeadline {
    this.checkOpen();
    const limits = this.#limits.tightened(capability, options);
    const deadline = new CallDeadline(capability.id, limits, options.signal);
    this.#deadlines.add(deadline);
    return deadline;
  }

  /** Throws `CLOSED`. */
  checkOpen(): void {
    this.#closing.signal.throwIfAborted();
  }

  end(deadline: CallDeadline): void {
    deadline.end();
    this.#deadlines.delete(deadline);
    if (this.#deadlines.size === 0) this.#onIdle?.();
  }

  /** Takes nothing new; resolves when all is over, at the latest after `deadlineMs`, when what is left is cancelled. The second time, the same promise. */
  close(deadlineMs: number): Promise<void> {
    this.#ending ??= this.#close(deadlineMs);
    return this.#ending;
  }

  async #close(deadlineMs: number): Promise<void> {
    this.#closing.abort(new CapstanError('CLOSED', 'The runtime is closed and takes no more calls.'));
    if (this.#deadlines.size === 0) return;
    const idle = new Promise<void>((resolve) => {
      this.#onIdle = resolve;
    });
    const timer = setTimeout(() => {
      const reason = new CapstanError('CLOSED', 'The runtime closed during the call.');
      for (const deadline of this.#deadlines) deadline.cancel(reason);
    }, deadlineMs);
    await idle;
    clearTimeout(timer);
  }
}
