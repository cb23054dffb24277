import { dirname, resolve } from 'node:path';
import type { Capability } from '@capstan/provider';
import { parseAuth, type AuthSource } from './auth-source.ts';
import { parseEnvironment, type EnvironmentEntry } from './child-environment.ts';
import { flag, invalid, lines, oneOf, text, words } from './metadata-values.ts';

/** What we tell a server that our caller can answer, or deal with. */
export type ClientCapability = 'elicitation' | 'sampling' | 'roots' | 'tasks';

interface AnyTarget {
  /** For people: a URL without credentials and query, or a command. */
  readonly where: string;
  readonly protocol: 'auto' | 'legacy' | 'modern';
  readonly probeTimeoutMs: number;
  readonly clientCapabilities: readonly ClientCapability[];
  /** Keep a stream open on which the server tells what changed. */
  readonly subscribe: boolean;
  /** Of the protocol's own eight (RFC 5424). Undefined: the server is not asked to log. */
  readonly logLevel: string | undefined;
  /** Move `resultType` and `_meta` that a server put beside the result into it. */
  readonly normalizeEnvelope: boolean;
}

export interface HttpTarget extends AnyTarget {
  /** `sse` is the deprecated transport of two endpoints. */
  readonly transport: 'http' | 'sse';
  readonly url: URL;
  readonly allowInsecure: boolean;
  readonly auth: AuthSource | undefined;
}

export interface StdioTarget extends AnyTarget {
  readonly transport: 'stdio';
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** Whether the manifest named the folder: then it must exist. */
  readonly cwdDeclared: boolean;
  readonly environment: readonly EnvironmentEntry[];
}

export type McpTarget = HttpTarget | StdioTarget;

/** Reads the server of a capability out of its metadata. Throws `MANIFEST_INVALID`. */
export function parseTarget(capability: Capability): McpTarget {
  const command = text(capability, 'mcp_command');
  const declared = text(capability, 'mcp_transport');
  const transport = declared ?? (command === undefined ? 'http' : 'stdio');
  const shared = {
    protocol: oneOf(capability, 'mcp_protocol', ['auto', 'legacy', 'modern']),
    probeTimeoutMs: Number(capability.metadata['mcp_probe_timeout_ms'] ?? 5000),
    clientCapabilities: parseClientCapabilities(capability),
    subscribe: flag(capability, 'mcp_subscribe'),
    logLevel: text(capability, 'mcp_log_level'),
    normalizeEnvelope: flag(capability, 'mcp_normalize_envelope'),
  };
  return transport === 'stdio'
    ? { ...shared, ...parseStdio(capability, command) }
    : { ...shared, ...parseHttp(capability, transport === 'sse' ? 'sse' : 'http') };
}

const knownCapabilities: readonly ClientCapability[] = ['elicitation', 'sampling', 'roots', 'tasks'];

function parseClientCapabilities(capability: Capability): readonly ClientCapability[] {
  const declared = text(capability, 'mcp_client_capabilities');
  if (declared === undefined) return ['elicitation'];
  const found = words(capability, 'mcp_client_capabilities');
  const unknown = found.find((word) => !knownCapabilities.some((known) => known === word));
  if (unknown !== undefined)
    throw invalid(
      capability,
      `mcp_client_capabilities has ${unknown}, which is none of ${knownCapabilities.join(', ')}`,
    );
  return knownCapabilities.filter((known) => found.includes(known));
}

function parseHttp(
  capability: Capability,
  transport: 'http' | 'sse',
): Pick<HttpTarget, 'transport' | 'url' | 'where' | 'auth' | 'allowInsecure'> {
  const value = text(capability, 'mcp_server_url');
  if (value === undefined) throw invalid(capability, 'mcp_server_url is missing');
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw invalid(capability, 'mcp_server_url is not an http or https URL');
  if (url.username !== '' || url.password !== '')
    throw invalid(capability, 'mcp_server_url holds credentials; name a variable in mcp_auth_env_var instead');
  url.hash = '';
  const allowInsecure = flag(capability, 'mcp_allow_insecure');
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !allowInsecure)
    throw invalid(
      capability,
      'mcp_server_url is plain http beyond loopback; use https, or set mcp_allow_insecure: true',
    );
  return { transport, url, where: url.origin + url.pathname, allowInsecure, auth: parseAuth(capability) };
}

function parseStdio(
  capability: Capability,
  command: string | undefined,
): Pick<StdioTarget, 'transport' | 'where' | 'command' | 'args' | 'cwd' | 'cwdDeclared' | 'environment'> {
  if (command === undefined) throw invalid(capability, 'mcp_command is missing');
  if (parseAuth(capability) !== undefined)
    throw invalid(capability, 'mcp_auth is for servers over HTTP; pass a secret to a process with mcp_env');
  const cwd = text(capability, 'mcp_cwd');
  const environment = parseEnvironment(text(capability, 'mcp_env') ?? '');
  if (!environment.ok) throw invalid(capability, environment.problem);
  return {
    transport: 'stdio',
    where: command,
    command,
    args: lines(capability, 'mcp_args'),
    cwd: resolve(dirname(capability.source.file), cwd ?? '.'),
    cwdDeclared: cwd !== undefined,
    environment: environment.entries,
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
