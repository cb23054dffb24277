import { CapstanError } from '@capstan/provider';

export interface TaskScopeLimits {
  /** Default 1 024. */
  readonly running?: number;
  /** Default 8 192. */
  readonly queued?: number;
}

/**
 * The bounded executor that owns all background work, so that no promise floats: openings, validations and ends of sessions, sweeps.
 * Whoever closes waits for all of it.
 */
export class TaskScope {
  readonly #limits: Required<TaskScopeLimits>;
  readonly #queue: (() => void)[] = [];
  #running = 0;
  #idle: (() => void)[] = [];

  constructor(limits: TaskScopeLimits = {}) {
    this.#limits = { running: limits.running ?? 1_024, queued: limits.queued ?? 8_192 };
  }

  /** Tasks that wait for a place. */
  get queued(): number {
    return this.#queue.length;
  }

  /**
   * Runs a task, now or when there is a place. Settles as the task does. Rejects with `OVERLOADED` where too many wait, unless the task
   * `must` run, as the end of a session must.
   */
  run<T>(task: () => Promise<T>, must = false): Promise<T> {
    if (this.#running < this.#limits.running) return this.#start(task);
    if (!must && this.#queue.length >= this.#limits.queued) {
      return Promise.reject(
        new CapstanError('OVERLOADED', 'Too much background work is waiting.', {
          retryAfterMs: 1_000,
          details: { scope: 'executor', queueDepth: this.#queue.length },
        }),
      );
    }
    return new Promise((resolve, reject) => {
      this.#queue.push(() => void this.#start(task).then(resolve, reject));
    });
  }

  /** Resolves when nothing runs and nothing waits, what is begun meanwhile included. */
  async settled(): Promise<void> {
    while (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #start<T>(task: () => Promise<T>): Promise<T> {
    this.#running++;
    const running = task();
    const end = (): void => {
      this.#running--;
      this.#queue.shift()?.();
      if (this.#running > 0) return;
      const idle = this.#idle;
      this.#idle = [];
      for (const resolve of idle) resolve();
    };
    running.then(end, end);
    return running;
  }
}
