import { dirname, resolve } from 'node:path';
import { CapstanError, type Capability, type Metadata } from '@capstan/provider';
import { parseEnvironment, type EnvironmentEntry } from './child-environment.ts';
import type { MetadataKey } from './metadata-schema.ts';

/** Where a credential comes from and how it travels. Holds the variable's name, never its value. */
export interface CredentialSource {
  readonly envVar: string;
  readonly header: string;
  /** Empty: the bare value is sent. */
  readonly scheme: string;
}

interface AnyTarget {
  /** For people: a URL without credentials and query, or a command. */
  readonly where: string;
  readonly protocol: 'auto' | 'legacy' | 'modern';
  readonly probeTimeoutMs: number;
}

export interface HttpTarget extends AnyTarget {
  readonly transport: 'http';
  readonly url: URL;
  readonly credential?: CredentialSource;
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

export type McpOperation =
  | { readonly kind: 'tool'; readonly name: string; readonly idempotencyArgument?: string }
  | { readonly kind: 'prompt'; readonly name: string }
  | { readonly kind: 'resource'; readonly uri: string };

/** Reads the server of a capability out of its metadata. Throws `MANIFEST_INVALID`. */
export function parseTarget(capability: Capability): McpTarget {
  const { metadata } = capability;
  const command = text(metadata, 'mcp_command');
  const transport = text(metadata, 'mcp_transport') ?? (command === undefined ? 'http' : 'stdio');
  const shared = {
    protocol: oneOf(capability, 'mcp_protocol', ['auto', 'legacy', 'modern']),
    probeTimeoutMs: Number(metadata['mcp_probe_timeout_ms'] ?? 5000),
  };
  return transport === 'stdio'
    ? { ...shared, ...parseStdio(capability, command) }
    : { ...shared, ...parseHttp(capability, text(metadata, 'mcp_server_url')) };
}

/** Reads what is to be called. Throws `MANIFEST_INVALID`. */
export function parseOperation(capability: Capability): McpOperation {
  const { metadata } = capability;
  const tool = text(metadata, 'mcp_tool_name');
  const prompt = text(metadata, 'mcp_prompt_name');
  const uri = text(metadata, 'mcp_resource_uri');
  const idempotencyArgument = text(metadata, 'mcp_idempotency_argument');
  if ([tool, prompt, uri].filter((name) => name !== undefined).length !== 1)
    throw invalid(capability, 'say exactly one of mcp_tool_name, mcp_prompt_name and mcp_resource_uri');
  if (capability.effect === 'keyed' && (tool === undefined || idempotencyArgument === undefined))
    throw invalid(capability, 'effect: keyed needs mcp_idempotency_argument, the tool argument that takes the key');
  if (tool !== undefined)
    return { kind: 'tool', name: tool, ...(idempotencyArgument === undefined ? {} : { idempotencyArgument }) };
  return prompt === undefined ? { kind: 'resource', uri: uri ?? '' } : { kind: 'prompt', name: prompt };
}

function parseHttp(capability: Capability, value: string | undefined): Omit<HttpTarget, 'protocol' | 'probeTimeoutMs'> {
  if (value === undefined) throw invalid(capability, 'mcp_server_url is missing');
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw invalid(capability, 'mcp_server_url is not an http or https URL');
  if (url.username !== '' || url.password !== '')
    throw invalid(capability, 'mcp_server_url holds credentials; name a variable in mcp_auth_env_var instead');
  url.hash = '';
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !flag(capability.metadata, 'mcp_allow_insecure'))
    throw invalid(
      capability,
      'mcp_server_url is plain http beyond loopback; use https, or set mcp_allow_insecure: true',
    );
  const credential = parseCredential(capability);
  return {
    transport: 'http',
    url,
    where: url.origin + url.pathname,
    ...(credential === undefined ? {} : { credential }),
  };
}

function parseStdio(
  capability: Capability,
  command: string | undefined,
): Omit<StdioTarget, 'protocol' | 'probeTimeoutMs'> {
  const { metadata, source } = capability;
  if (command === undefined) throw invalid(capability, 'mcp_command is missing');
  if (parseCredential(capability) !== undefined)
    throw invalid(capability, 'mcp_auth is for servers over HTTP; pass a secret to a process with mcp_env');
  const cwd = text(metadata, 'mcp_cwd');
  const environment = parseEnvironment(text(metadata, 'mcp_env') ?? '');
  if (!environment.ok) throw invalid(capability, environment.problem);
  return {
    transport: 'stdio',
    where: command,
    command,
    args: lines(text(metadata, 'mcp_args')),
    cwd: resolve(dirname(source.file), cwd ?? '.'),
    cwdDeclared: cwd !== undefined,
    environment: environment.entries,
  };
}

function parseCredential(capability: Capability): CredentialSource | undefined {
  const { metadata } = capability;
  const envVar = text(metadata, 'mcp_auth_env_var');
  const auth = text(metadata, 'mcp_auth') ?? (envVar === undefined ? 'none' : 'bearer');
  if (auth === 'none') return undefined;
  if (envVar === undefined) throw invalid(capability, 'mcp_auth: bearer needs mcp_auth_env_var');
  return {
    envVar,
    header: text(metadata, 'mcp_auth_header') ?? 'Authorization',
    scheme: text(metadata, 'mcp_auth_scheme') ?? 'Bearer',
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

// One line break at the end is how YAML ends a block, not an empty last argument.
function lines(value: string | undefined): readonly string[] {
  if (value === undefined || value === '') return [];
  return value.replace(/\r?\n$/, '').split(/\r?\n/);
}

function oneOf<T extends string>(capability: Capability, key: MetadataKey, allowed: readonly [T, ...T[]]): T {
  const value = text(capability.metadata, key);
  if (value === undefined) return allowed[0];
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw invalid(capability, `${key} is none of ${allowed.join(', ')}`);
  return found;
}

function flag(metadata: Metadata, key: MetadataKey): boolean {
  return String(metadata[key]) === 'true';
}

function text(metadata: Metadata, key: MetadataKey): string | undefined {
  const value = metadata[key];
  return value === undefined ? undefined : String(value);
}

function invalid(capability: Capability, problem: string): CapstanError {
  const { file, line, column } = capability.source;
  return new CapstanError('MANIFEST_INVALID', `${capability.id} (${file}:${line}): ${problem}.`, {
    details: { problems: [{ file, line, column, problem }] },
  });
}
