import type {
  Capability,
  CallLimits,
  ErrorVerdict,
  Invocation,
  JsonObject,
  JsonValue,
  LogLevel,
  Metadata,
  ProviderHost,
  ProviderPlugin,
  SessionRequest,
  UpstreamChange,
} from '@capstan/provider';
import { CapstanError } from '@capstan/provider';
import { mcpProvider, type McpProviderOptions, type McpSession } from '@capstan/provider-mcp';

export interface Harness {
  readonly plugin: ProviderPlugin<McpSession>;
  /** What the host hands out as variables; may be changed while calls run. */
  readonly secrets: Record<string, string | undefined>;
  /** Which variable was read on behalf of whom, in order. */
  readonly secretReads: { readonly variable: string; readonly subject: string | undefined }[];
  readonly logged: { readonly level: LogLevel; readonly message: string; readonly details?: JsonObject }[];
  /** What upstreams said that changed, in order. */
  readonly changes: UpstreamChange[];
  readonly open: (capability: Capability, request?: Partial<SessionRequest>) => Promise<McpSession>;
}

/** The plugin in a host of its own, as a runtime would lend it one. */
export function createHarness(
  options: { readonly limits?: Partial<CallLimits>; readonly provider?: McpProviderOptions } = {},
): Harness {
  const secrets: Record<string, string | undefined> = {};
  const secretReads: Harness['secretReads'] = [];
  const logged: Harness['logged'] = [];
  const changes: UpstreamChange[] = [];
  const host: ProviderHost = {
    secrets: {
      read: async (variable, { caller }) => {
        secretReads.push({ variable, subject: caller.subject });
        return secrets[variable];
      },
    },
    egress: {},
    logger: {
      log: (level, message, details) =>
        void logged.push({ level, message, ...(details === undefined ? {} : { details }) }),
    },
    signal: new AbortController().signal,
    limits: () => ({ timeoutMs: 10_000, maxTotalMs: 20_000, maxOutputBytes: 1_000_000, ...options.limits }),
    upstreamChanged: (change) => void changes.push(change),
  };
  const plugin = mcpProvider(options.provider)(host);
  return {
    plugin,
    secrets,
    secretReads,
    logged,
    changes,
    open: (capability, request = {}) =>
      plugin.initializeSession({
        capability,
        caller: { subject: 'alice' },
        mode: 'auto',
        signal: new AbortController().signal,
        onLost: () => undefined,
        onStale: () => undefined,
        ...request,
      }),
  };
}

export function capabilityOf(metadata: Metadata, other: Partial<Capability> = {}): Capability {
  return {
    id: 'mcp.test.tool',
    kind: 'tool',
    effect: 'read',
    publish: true,
    provider: 'mcp',
    metadata: { mcp_tool_name: 'echo', ...metadata },
    source: { file: '/manifests/test.yaml', line: 3, column: 5 },
    ...other,
  };
}

export function invocationOf(
  capability: Capability,
  input: JsonValue = {},
  other: Partial<Invocation> = {},
): Invocation {
  return {
    callId: 'call-1',
    capability,
    input,
    caller: { subject: 'alice' },
    signal: new AbortController().signal,
    attempt: 0,
    ...other,
  };
}

/** The error that a promise rejects with, which must be one of ours, and what the plugin says of it. */
export async function failureOf(
  plugin: ProviderPlugin<McpSession>,
  promise: Promise<unknown>,
): Promise<{ readonly error: CapstanError; readonly verdict: ErrorVerdict }> {
  const error: unknown = await promise.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  if (!CapstanError.isInstance(error)) throw error;
  return { error, verdict: plugin.classifyError(error) };
}

/** What a tool wrote as JSON into its only text. */
export function jsonIn(output: JsonValue | undefined): unknown {
  if (typeof output !== 'string') throw new TypeError('The output is no text.');
  return JSON.parse(output);
}
