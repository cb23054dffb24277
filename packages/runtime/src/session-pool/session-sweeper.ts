import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TaskScope } from './task-scope.ts';

const batch = 500;

/** Looks through a pool now and then, one sweep at a time. Keeps no process alive. */
export class SessionSweeper {
  readonly #tasks: TaskScope;
  readonly #intervalMs: number;
  readonly #sweep: (now: number) => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #isSweeping = false;

  constructor(tasks: TaskScope, intervalMs: number, sweep: (now: number) => Promise<void>) {
    this.#tasks = tasks;
    // Jitter, so that many runtimes do not sweep in step.
    this.#intervalMs = intervalMs * (0.9 + Math.random() * 0.2);
    this.#sweep = sweep;
  }

  /** Idempotent. */
  start(): void {
    this.#timer ??= setInterval(() => this.#run(), this.#intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #run(): void {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    const end = (): void => {
      this.#isSweeping = false;
    };
    this.#tasks.run(() => this.#sweep(Date.now()), true).then(end, end);
  }
}

/** Visits all of `items` in batches, with a turn of the event loop between them, so that a large sweep holds up nobody. */
export async function visitInBatches<T>(items: Iterable<T>, visit: (item: T) => void): Promise<void> {
  let visited = 0;
  for (const item of items) {
    visit(item);
    if (++visited % batch === 0) await nextTurn();
  }
}
