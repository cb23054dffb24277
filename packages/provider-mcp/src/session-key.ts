import { createHash } from 'node:crypto';
import type { Caller, SessionKey } from '@capstan/provider';
import type { AuthSource, OAuthSource } from './auth-source.ts';
import type { HttpTarget, McpTarget, StdioTarget } from './mcp-target.ts';

/** Equal for equal server, identity, protocol and what we promise to answer. Holds names of variables, never a value. */
export function sessionKeyOf(target: McpTarget, caller: Caller): SessionKey {
  const { protocol, clientCapabilities, subscribe, logLevel, normalizeEnvelope } = target;
  // All that is fixed when a session opens, so that a call gets the session that its manifest asks for.
  const manner = [
    protocol,
    `answers ${clientCapabilities.join(' ')}`,
    ...(subscribe ? ['subscribed'] : []),
    ...(logLevel === undefined ? [] : [`logs ${logLevel}`]),
    ...(normalizeEnvelope ? ['normalized'] : []),
  ];
  return target.transport === 'stdio'
    ? { upstream: [...stdioUpstream(target), ...manner], identity: stdioIdentity(target) }
    : { upstream: [...httpUpstream(target), ...manner], identity: httpIdentity(target, caller) };
}

/** Whether callers who share all else may be others towards the server: each signed in by himself. */
export function dependsOnCaller(target: McpTarget): boolean {
  return target.transport !== 'stdio' && target.auth?.kind === 'oauth' && target.auth.grant === 'authorization-code';
}

/** One string for maps of the plugin's own. */
export function keyText(key: SessionKey): string {
  return JSON.stringify([key.upstream, key.identity]);
}

function httpUpstream({ transport, url, auth, where }: HttpTarget): readonly string[] {
  return [
    transport,
    // A query can choose another server behind the same path, and can hold a secret.
    url.search === '' ? where : `${where}?sha256=${digest([url.search])}`,
    ...(auth === undefined ? [] : [describeAuth(auth)]),
  ];
}

function describeAuth(auth: AuthSource): string {
  if (auth.kind === 'static') return `${auth.header.toLowerCase()}: ${auth.scheme}`.trimEnd();
  return `oauth ${auth.grant} ${auth.clientAuth} ${[...auth.scopes].sort().join(' ')}`.trimEnd();
}

function httpIdentity({ auth, where }: HttpTarget, caller: Caller): SessionKey['identity'] {
  if (auth === undefined) return { kind: 'none' };
  if (auth.kind === 'static') return { kind: 'static', envVars: [auth.envVar] };
  const subject = auth.grant === 'authorization-code' ? caller.subject : undefined;
  return {
    kind: 'oauth',
    issuer: auth.issuer ?? '',
    client: clientName(auth),
    audience: where,
    ...(subject === undefined ? {} : { subject }),
  };
}

function clientName(auth: OAuthSource): string {
  const parts = [auth.clientIdEnvVar, auth.clientSecretEnvVar, auth.privateKeyEnvVar, auth.clientMetadataUrl];
  return parts.map((part) => part ?? '').join(' ');
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
