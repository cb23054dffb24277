import { createHash } from 'node:crypto';
import type { SessionKey } from '@capstan/provider';
import type { HttpTarget, McpTarget, StdioTarget } from './mcp-capability.ts';

/** Equal for equal server, identity and protocol. Holds names of variables, never a value. */
export function sessionKeyOf(target: McpTarget): SessionKey {
  return target.transport === 'http'
    ? { upstream: [...httpUpstream(target), target.protocol], identity: httpIdentity(target) }
    : { upstream: [...stdioUpstream(target), target.protocol], identity: stdioIdentity(target) };
}

/** One string for maps of the plugin's own. */
export function keyText(key: SessionKey): string {
  return JSON.stringify([key.upstream, key.identity]);
}

function httpUpstream({ url, credential, where }: HttpTarget): readonly string[] {
  return [
    'http',
    // A query can choose another server behind the same path, and can hold a secret.
    url.search === '' ? where : `${where}?sha256=${digest([url.search])}`,
    ...(credential === undefined ? [] : [`${credential.header.toLowerCase()}: ${credential.scheme}`.trimEnd()]),
  ];
}

function httpIdentity({ credential }: HttpTarget): SessionKey['identity'] {
  return credential === undefined ? { kind: 'none' } : { kind: 'static', envVars: [credential.envVar] };
}

function stdioUpstream({ command, args, cwd, environment }: StdioTarget): readonly string[] {
  const variables = environment.map(({ name, envVar }) => `${name}=${envVar}`).sort();
  return ['stdio', `sha256=${digest([command, cwd, String(args.length), ...args, ...variables])}`];
}

function stdioIdentity({ environment }: StdioTarget): SessionKey['identity'] {
  const envVars = [...new Set(environment.map((entry) => entry.envVar))].sort();
  return envVars.length === 0 ? { kind: 'none' } : { kind: 'static', envVars };
}

/** Full SHA-256 over length-prefixed parts. */
function digest(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}
