import type { ChildProcess } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';

const pollMs = 20;

/**
 * A process that leads a group of its own, and all that it started. On Windows, which has no such groups, the process alone.
 * Never signals a number that the system may have given to somebody else: it is kept from reuse while the leader has not been waited
 * for and while the group has a member (POSIX.1-2024, 4.14), so the first time that nobody is found is the last time that we look.
 */
export class StdioProcessGroup {
  readonly #leader: ChildProcess;
  #gone = false;

  constructor(leader: ChildProcess) {
    this.#leader = leader;
  }

  get leaderRuns(): boolean {
    const { pid, exitCode, signalCode } = this.#leader;
    return pid !== undefined && exitCode === null && signalCode === null;
  }

  /** Also true of a member that has ended but that nobody has waited for. */
  get isAlive(): boolean {
    if (this.leaderRuns) return true;
    this.#gone ||= !this.#send(0);
    return !this.#gone;
  }

  signal(name: NodeJS.Signals): void {
    if (this.isAlive) this.#send(name);
  }

  /** Resolves when nobody is left, or after the limit. To be called from the moment that the leader ended, not long after. */
  async vanished(limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (this.isAlive && performance.now() < deadline) await wait(pollMs);
  }

  /** Nothing is signalled any more. */
  release(): void {
    this.#gone = true;
  }

  #send(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#leader;
    if (pid === undefined) return false;
    if (process.platform === 'win32') return this.leaderRuns && this.#leader.kill(signal);
    try {
      return process.kill(-pid, signal);
    } catch {
      // ESRCH: nobody is left. EPERM: nobody that we may signal.
      return false;
    }
  }
}
