import {
  Client,
  type Implementation,
  type PriorDiscovery,
  type StreamableHTTPClientTransport,
  type Tool,
  type VersionNegotiationMode,
} from '@modelcontextprotocol/client';
import type { SecretSource } from '@capstan/provider';
import type { CallContext, CallContexts } from './call-context.ts';
import { createHttpTransport } from './http-transport.ts';
import type { McpTarget } from './mcp-capability.ts';
import { createStdioTransport, type StdioChild } from './stdio-transport.ts';

/** How to find out what the server speaks: ask it, use what it answered before, or talk without a handshake. */
export type Approach =
  | { readonly kind: 'negotiate'; readonly mode: VersionNegotiationMode }
  | { readonly kind: 'prior'; readonly prior: PriorDiscovery }
  | { readonly kind: 'stateless'; readonly protocolVersion: string };

export interface ConnectionOptions {
  readonly target: McpTarget;
  readonly clientInfo: Implementation;
  readonly secrets: SecretSource;
  readonly contexts: CallContexts;
  readonly opener: CallContext;
  readonly signal: AbortSignal;
  /** Of the handshake. */
  readonly timeoutMs: number;
}

/** An SDK client that is connected, and what is needed to end it for good. */
export interface Connection {
  readonly client: Client;
  readonly http: StreamableHTTPClientTransport | undefined;
  readonly child: StdioChild | undefined;
  /** Definitions fetched because the server checks headers against them; by tool name, bounded. */
  readonly toolDefinitions: Map<string, Tool>;
}

/** Why a process could not be talked to, with the last lines that it wrote. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
  readonly lastLines: readonly string[];

  constructor(cause: unknown, lastLines: readonly string[]) {
    super('the process did not start', { cause });
    this.lastLines = lastLines;
  }
}

/** Opens one connection. On failure nothing is left running. Rejects with what the SDK or the system threw. */
export async function openConnection(approach: Approach, options: ConnectionOptions): Promise<Connection> {
  const { target, signal, timeoutMs, clientInfo } = options;
  signal.throwIfAborted();
  const statelessVersion = approach.kind === 'stateless' ? approach.protocolVersion : undefined;
  const http = target.transport === 'http' ? createHttpTransport({ ...options, target, statelessVersion }) : undefined;
  const child = target.transport === 'stdio' ? await createStdioTransport({ ...options, target }) : undefined;
  const transport = http ?? child?.transport;
  if (transport === undefined) throw new TypeError('A target is reached over HTTP or stdio.');

  const client = new Client(clientInfo, {
    // Nothing here answers what a server may ask, so nothing is promised.
    inputRequired: { autoFulfill: false },
    ...(approach.kind === 'negotiate'
      ? { versionNegotiation: { mode: approach.mode, probe: { timeoutMs: target.probeTimeoutMs, maxRetries: 0 } } }
      : {}),
  });
  // The SDK's probe knows no signal; closing its transport ends it.
  const onAbort = (): void => void transport.close().catch(() => undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await client.connect(transport, {
      signal,
      timeout: timeoutMs,
      ...(approach.kind === 'prior' ? { prior: approach.prior } : {}),
    });
  } catch (error) {
    await client.close().catch(() => undefined);
    await (child?.end() ?? transport.close()).catch(() => undefined);
    if (child === undefined) throw error;
    const lastLines = await child.lastLines(20);
    throw lastLines.length === 0 ? error : new StartFailure(error, lastLines);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return { client, http, child, toolDefinitions: new Map() };
}
