import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { toyProviderPath } from './toy-workspace.ts';

const fixture = fileURLToPath(new URL('./control-host.fixture.ts', import.meta.url));

/** A host app in a process of its own. */
export interface ControlHost extends AsyncDisposable {
  readonly pid: number;
  /** Path of its first control socket. */
  readonly address: string;
  /** What it answers to one line. */
  say(line: string): Promise<string>;
  /** Lets it end by itself, and resolves with its exit code. */
  end(): Promise<number | null>;
  /** Gives it no chance to clean up. */
  kill(): Promise<void>;
}

export async function startControlHost(
  folder: string,
  environment: Readonly<Record<string, string>>,
): Promise<ControlHost> {
  const child = spawn(process.execPath, [fixture, toyProviderPath], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
  });
  const lines = createInterface({ input: child.stdout });
  const say = async (line: string): Promise<string> => {
    child.stdin.write(`${line}\n`);
    const [answer] = (await once(lines, 'line', { signal: AbortSignal.timeout(20_000) })) as [string];
    return answer;
  };
  const end = async (): Promise<number | null> => {
    child.stdin.end();
    return await exited;
  };
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  try {
    return { pid: Number(child.pid), address: await say('serve'), say, end, kill, [Symbol.asyncDispose]: kill };
  } catch (error) {
    await kill();
    throw error;
  }
}
