import { stat } from 'node:fs/promises';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { CapstanError, type SecretSource } from '@capstan/provider';
import { readSecret } from './auth-provider.ts';
import type { CallContext } from './call-context.ts';
import type { StdioTarget } from './mcp-capability.ts';
import { OutputTail } from './output-tail.ts';

export interface StdioChild {
  readonly transport: StdioClientTransport;
  /** Settles when the process and its streams have ended. */
  readonly closed: Promise<void>;
  /** Asks the process to end, then makes it. Rejects if it still runs after that. */
  end(): Promise<void>;
  /** What it last wrote to its standard error, which is read all the time so that it never waits for us. */
  lastLines(count: number): Promise<readonly string[]>;
}

export interface StdioTransportOptions {
  readonly target: StdioTarget;
  readonly secrets: SecretSource;
  readonly opener: CallContext;
}

/** Prepares a process; the transport starts it. No shell; its environment is the SDK's short list and what `mcp_env` names. */
export async function createStdioTransport({ target, secrets, opener }: StdioTransportOptions): Promise<StdioChild> {
  const env: Record<string, string> = {};
  for (const { name, envVar } of target.environment) env[name] = await readSecret(secrets, envVar, opener, 'mcp_env');
  const cwd = await workingDirectory(target, opener);
  const transport = new StdioClientTransport({
    command: target.command,
    args: [...target.args],
    env,
    stderr: 'pipe',
    ...(cwd === undefined ? {} : { cwd }),
  });
  const stderr = new OutputTail({ maxBytes: 65_536 });
  // Attached before the start, or the first lines of a process that dies at once are lost.
  if (transport.stderr !== null) stderr.drain(transport.stderr);
  const closed = Promise.withResolvers<void>();
  transport.onclose = () => closed.resolve();
  // The SDK forgets the process id as soon as it begins to close.
  let pid: number | undefined;
  const start = transport.start.bind(transport);
  transport.start = async () => {
    await start();
    pid = transport.pid ?? undefined;
  };
  return {
    transport,
    closed: closed.promise,
    end: () => endProcess(transport, closed.promise, pid),
    // The stream of a process that never ran does not end.
    lastLines: async (count) => (pid === undefined ? [] : stderr.lastLines(count, 500)),
  };
}

/** The SDK asks by closing standard input, then by signals, 4 s in all. It does not wait for the last of them. */
async function endProcess(
  transport: StdioClientTransport,
  closed: Promise<void>,
  pid: number | undefined,
): Promise<void> {
  await transport.close();
  if (pid === undefined) return;
  const limit = Promise.withResolvers<void>();
  const timer = setTimeout(limit.resolve, 5000);
  await Promise.race([closed, limit.promise]);
  clearTimeout(timer);
  if (isRunning(pid)) throw new Error(`Process ${pid} does not end.`);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Starting a process in a folder that is missing looks like a missing command, so it is looked for first. */
async function workingDirectory({ cwd, cwdDeclared }: StdioTarget, opener: CallContext): Promise<string | undefined> {
  const isFolder = await stat(cwd).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  if (isFolder) return cwd;
  // A manifest that was never a file has no folder of its own.
  if (!cwdDeclared) return undefined;
  const { id, source } = opener.capability;
  throw new CapstanError('MANIFEST_INVALID', `${id} (${source.file}:${source.line}): mcp_cwd is not a folder: ${cwd}.`);
}
