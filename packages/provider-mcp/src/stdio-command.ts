import { stat } from 'node:fs/promises';
import { CapstanError, type SecretSource } from '@capstan/provider';
import { readSecret } from './auth-provider.ts';
import type { CallContext } from './call-context.ts';
import { inheritedEnvironment } from './child-environment.ts';
import type { StdioTarget } from './mcp-target.ts';

/** What to start, with the values that its manifest only names. */
export interface StdioCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** All of it: nothing else is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
}

/** Throws `UNAUTHORIZED` where a variable is not set, `MANIFEST_INVALID` where the folder is missing. */
export async function readStdioCommand(
  target: StdioTarget,
  secrets: SecretSource,
  opener: CallContext,
): Promise<StdioCommand> {
  const env: Record<string, string> = inheritedEnvironment(process.env);
  for (const { name, envVar } of target.environment) env[name] = await readSecret(secrets, envVar, opener, 'mcp_env');
  const cwd = await workingDirectory(target, opener);
  return { command: target.command, args: target.args, env, cwd };
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
