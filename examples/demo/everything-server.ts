import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const startWithinMs = 20_000;

/** The protocol's own test server, as a process that speaks Streamable HTTP on a free port. */
export class EverythingServer implements AsyncDisposable {
  readonly url: string;
  /** How many sessions it was told to end. */
  terminations = 0;
  readonly #process: ChildProcess;

  private constructor(url: string, process: ChildProcess) {
    this.url = url;
    this.#process = process;
    if (process.stdout !== null) {
      createInterface(process.stdout).on('line', (line) => {
        if (line.includes('session termination request')) this.terminations++;
      });
    }
  }

  static async start(): Promise<EverythingServer> {
    const port = await freePort();
    const script = fileURLToPath(import.meta.resolve('@modelcontextprotocol/server-everything/dist/index.js'));
    const child = spawn(process.execPath, [script, 'streamableHttp'], {
      env: { PATH: process.env['PATH'], PORT: String(port) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines = createInterface(child.stderr);
    const said: string[] = [];
    const signal = AbortSignal.timeout(startWithinMs);
    const exited = once(child, 'exit', { signal }).then(() => {
      throw new Error(`the server did not start:\n${said.join('\n')}`);
    });
    const listening = (async () => {
      for await (const line of lines) {
        said.push(line);
        if (line.includes('listening')) return;
      }
    })();
    await Promise.race([listening, exited]);
    exited.catch(() => {});
    lines.resume();
    return new EverythingServer(`http://127.0.0.1:${port}/mcp`, child);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
