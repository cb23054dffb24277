import { CapstanError, type Metadata } from '@capstan/provider';
import { looksLikeSecretArgument } from './secret-argument.ts';

/** One server to import, before anybody talked to it. */
export interface UpstreamDraft {
  /** What it is called, where somebody said so or its address tells. */
  readonly name: string | undefined;
  /** Metadata of all its capabilities; `cwd` apart, as it depends on where the manifest will stand. */
  readonly metadata: Metadata;
  /** Working directory of the process, absolute. */
  readonly cwd: string | undefined;
  /** Values of variables that a configuration spelled out: for this run, never to be written. */
  readonly values: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

/** `mcp_command` and `mcp_args`. Throws `INPUT_INVALID` for what metadata cannot say or must not hold; `what` names the server. */
export function commandMetadata(what: string, words: readonly string[]): Metadata {
  const [command = '', ...args] = words;
  if (looksLikeSecretArgument(command, undefined))
    throw refused(
      `The command of ${what} holds what looks like a secret, and would stand in the manifest. Let the server read it from an environment variable instead (--env NAME=VARIABLE, or \`env\` in a configuration).`,
    );
  for (const [index, argument] of args.entries()) {
    const place = `Argument ${index + 1} of ${what}`;
    if (looksLikeSecretArgument(argument, args[index - 1]))
      throw refused(
        `${place} looks like a secret, and would stand in the manifest. Let the server read it from an environment variable instead (--env NAME=VARIABLE, or \`env\` in a configuration).`,
      );
    if (/[\r\n]/.test(argument) || (argument === '' && index === args.length - 1))
      throw refused(`${place} is empty or has several lines, which mcp_args cannot hold.`);
    if (/\$\{(?:env:|input:|[A-Za-z_]\w*[:}])/.test(argument))
      throw refused(
        `${place} refers to a variable, and arguments are passed as they are. Write its value, or let the server read it from an environment variable.`,
      );
  }
  return { mcp_command: command, ...(args.length > 0 && { mcp_args: args.join('\n') }) };
}

/** `mcp_server_url`. Throws `INPUT_INVALID` where it holds a credential. */
export function urlMetadata(what: string, url: URL): Metadata {
  const { username, password, pathname, search, hash } = url;
  const holdsSecret =
    username !== '' || password !== '' || looksLikeSecretArgument(`${pathname}${search}${hash}`, undefined);
  if (holdsSecret)
    throw refused(
      `The URL of ${what} holds a credential, which would stand in the manifest. Take it out, and name a variable with --auth-env-var instead.`,
    );
  return { mcp_server_url: url.href };
}

export function refused(message: string): CapstanError {
  return new CapstanError('INPUT_INVALID', message);
}
