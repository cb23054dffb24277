import { FaultProxy } from '@capstan/provider-testkit';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

const fixture = fileURLToPath(new URL('upstream.fixture.ts', import.meta.url));

/** An MCP server in a process of its own, behind a proxy that can break every connection. */
export class FaultyUpstream implements AsyncDisposable {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly proxy: FaultProxy;

  private constructor(child: ChildProcessByStdio<Writable, Readable, null>, lines: Interface, proxy: FaultProxy) {
    this.#child = child;
    this.#lines = lines;
    this.proxy = proxy;
  }

  static async start(): Promise<FaultyUpstream> {
    const child = spawn(process.execPath, [fixture], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = createInterface(child.stdout);
    const [address] = (await once(lines, 'line')) as [string];
    return new FaultyUpstream(child, lines, await FaultProxy.start(Number(new URL(address).port)));
  }

  get url(): string {
    return `http://127.0.0.1:${this.proxy.port}/mcp`;
  }

  /** The server forgets its sessions. Resolves to how many it ever opened. */
  async dropSessions(): Promise<number> {
    const answered = once(this.#lines, 'line') as Promise<[string]>;
    this.#child.stdin.write('drop\n');
    const [counts] = await answered;
    return (JSON.parse(counts) as { initialize: number }).initialize;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
