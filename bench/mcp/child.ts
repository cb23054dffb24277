import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A process that is asked one thing at a time, and ends when it is disposed of. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #name: string;

  constructor(file: URL, args: readonly string[] = []) {
    this.#name = [basename(file.pathname), ...args].join(' ');
    this.#process = fork(fileURLToPath(file), args, {
      execArgv: ['--expose-gc', '--no-warnings'],
      // One of the peers reports its use to its makers unless told not to.
      env: { ...process.env, MCP_USE_ANONYMIZED_TELEMETRY: 'false' },
      // What a peer logs is no figure.
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }

  /** The next thing that the process says. Rejects where it ends before, or says that it failed. */
  async answer<Answer>(): Promise<Answer> {
    const listening = new AbortController();
    const { signal } = listening;
    try {
      const [answer] = (await Promise.race([
        once(this.#process, 'message', { signal }),
        once(this.#process, 'exit', { signal }).then(([code]) => {
          throw new Error(`${this.#name} ended (${String(code)}).`);
        }),
      ])) as [Answer | { readonly failure: string }];
      if (typeof answer === 'object' && answer !== null && 'failure' in answer)
        throw new Error(`${this.#name}: ${answer.failure}`);
      return answer as Answer;
    } finally {
      listening.abort();
    }
  }

  ask<Answer>(question: object): Promise<Answer> {
    this.#process.send(question);
    return this.answer<Answer>();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    if (this.#process.connected) this.#process.disconnect();
    // Not every client ends when it is closed.
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 5_000);
    await exit;
    clearTimeout(timer);
  }
}
