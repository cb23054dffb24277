import { type ChildProcess, spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';

const require = createRequire(import.meta.url);

/** The built command. Here the package resolves to its sources, which lie beside what is built. */
export const capstanPath = join(dirname(dirname(require.resolve('@capstan/cli'))), 'dist/capstan.js');

export interface Finished {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Working directory. */
  readonly folder: string;
  /** Beside `PATH`, the only variable that is passed on. */
  readonly environment?: Readonly<Record<string, string>>;
  /** On stdin. `open`: nothing comes, and no end. Default: nothing. */
  readonly input?: string | { readonly open: true };
}

/** The built command, running. */
export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
}

export function startCapstan(args: readonly string[], { folder, environment = {}, input = '' }: RunOptions): Running {
  const child = spawn(process.execPath, [capstanPath, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  if (typeof input === 'string') child.stdin.end(input);
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  const finished = Promise.all([exited, text(child.stdout), text(child.stderr)]).then(([exitCode, stdout, stderr]) => ({
    exitCode,
    stdout,
    stderr,
  }));
  return { child, finished };
}

/** Runs the built command to its end. */
export async function capstan(args: readonly string[], options: RunOptions): Promise<Finished> {
  return await startCapstan(args, options).finished;
}

/** The one document on stdout; throws where there is anything else. */
export function documentOf({ stdout }: Finished): unknown {
  return JSON.parse(stdout);
}
