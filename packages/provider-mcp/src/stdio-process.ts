import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { StdioCommand } from './stdio-command.ts';
import { killOnExit } from './stdio-exit-hook.ts';
import { StdioProcessGroup } from './stdio-process-group.ts';

/** From the end of its input to SIGTERM, and from there to SIGKILL. */
const patienceMs = 2000;
/** What the system gets to carry out a SIGKILL. */
const killLimitMs = 5000;
/** What somebody else gets to wait for members of the group that were killed. */
const reapLimitMs = 250;

/**
 * A process in a group of its own, started without a shell. However it ends, what it started in that group ends with it.
 * On Windows only `.exe` files can be started: what npm installs as `.cmd` needs a shell there.
 */
export class StdioProcess {
  readonly pid: number | null;
  /** Settles when the process has ended, whatever became of its streams. */
  readonly exited: Promise<void>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #group: StdioProcessGroup;
  readonly #exitHook: { readonly release: () => void };
  #ending: Promise<void> | undefined;

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.pid = child.pid ?? null;
    this.#child = child;
    this.#group = new StdioProcessGroup(child);
    this.#exitHook = killOnExit(this.#group);
    this.exited = new Promise((resolve) => child.once('exit', () => resolve()));
    // Nobody has to ask for what it left behind to end. At once, while the group's number is surely its own.
    void this.exited.then(() => this.end());
  }

  /** Rejects with the system's own error. */
  static async start({ command, args, env, cwd }: StdioCommand): Promise<StdioProcess> {
    const child = spawn(command, args, {
      env,
      cwd,
      stdio: 'pipe',
      // On Windows this would open a console, and make no group.
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    await once(child, 'spawn');
    // What cannot be written is told to the one who wrote it, and that a signal was not delivered shows in that the process runs on.
    child.stdin.on('error', () => undefined);
    child.on('error', () => undefined);
    return new StdioProcess(child);
  }

  get stdin(): Writable {
    return this.#child.stdin;
  }

  get stdout(): Readable {
    return this.#child.stdout;
  }

  get stderr(): Readable {
    return this.#child.stderr;
  }

  /**
   * Ends its input, and where that is not enough, the group: by SIGTERM after 2 s, by SIGKILL after 2 more. The second time, the same promise.
   * Rejects if the process still runs after that.
   */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.stdin.end();
    await this.#exitedWithin(patienceMs);
    if (this.#group.isAlive) {
      this.#group.signal('SIGTERM');
      await this.#goneWithin(patienceMs);
    }
    if (this.#group.isAlive) {
      this.#group.signal('SIGKILL');
      await this.#exitedWithin(killLimitMs);
      if (this.#group.leaderRuns) throw new Error(`Process ${this.pid} does not end.`);
      await this.#group.vanished(reapLimitMs);
    }
    this.#group.release();
    this.#exitHook.release();
  }

  async #goneWithin(limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    await this.#exitedWithin(limitMs);
    if (!this.#group.leaderRuns) await this.#group.vanished(deadline - performance.now());
  }

  async #exitedWithin(limitMs: number): Promise<void> {
    const limit = Promise.withResolvers<void>();
    const timer = setTimeout(limit.resolve, limitMs);
    await Promise.race([this.exited, limit.promise]);
    clearTimeout(timer);
  }
}
