import type { Egress } from '@capstan/http-egress';
import type { JsonObject, SecretSource } from '@capstan/provider';
import { createCallContext, type CallContext } from './call-context.ts';
import { clientCapabilitiesOf } from './client-capabilities.ts';
import { initialize, type Handshake, type HandshakeOptions, type Implementation } from './handshake.ts';
import type { McpTarget } from './mcp-target.ts';
import { NotModern, probeEra } from './probe-era.ts';
import { createStdioTransport, type StdioChild } from './stdio-transport.ts';
import { modernDialect } from './wire/dialect.ts';
import type { HttpAuth } from './wire/http-auth.ts';
import { HttpWire } from './wire/http-wire.ts';
import { McpPeer, type PeerHandlers } from './wire/peer.ts';
import { SseWire } from './wire/sse-wire.ts';
import { StdioWire } from './wire/stdio-wire.ts';
import type { Wire } from './wire/wire.ts';

/** How to begin with a server: ask it what it speaks, use what it answered before, or talk without a handshake. */
export type Approach =
  | { readonly kind: 'probe'; /** On the modern revision: no other is spoken instead. */ readonly insist: boolean }
  | { readonly kind: 'legacy' }
  | { readonly kind: 'modern'; readonly handshake: Handshake }
  | { readonly kind: 'stateless'; readonly protocolVersion: string };

export interface ConnectionOptions {
  readonly target: McpTarget;
  readonly clientInfo: Implementation;
  readonly egress: Egress;
  readonly secrets: SecretSource;
  readonly auth: HttpAuth | undefined;
  readonly handlers: PeerHandlers;
  /** Whose call opens the connection. */
  readonly opener: CallContext;
  readonly signal: AbortSignal;
  /** Of the handshake. */
  readonly timeoutMs: number;
}

/** A server that may be talked to, and what is needed to end it for good. */
export interface Connection extends Handshake {
  readonly peer: McpPeer;
  readonly wire: Wire;
  readonly child: StdioChild | undefined;
  readonly clientCapabilities: JsonObject;
  /** What was sent with requests that belong to no call, to be struck out of errors. */
  readonly secretValues: ReadonlySet<string>;
}

/** What a server gets to confirm the end of a session that came to nothing. */
const endLimitMs = 2000;

/** Why a process could not be talked to, with the last lines that it wrote. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
  readonly lastLines: readonly string[];

  constructor(cause: unknown, lastLines: readonly string[]) {
    super('the process did not start', { cause });
    this.lastLines = lastLines;
  }
}

/** Opens one connection. On failure nothing is left running. Rejects with what the wire or the system threw. */
export async function openConnection(approach: Approach, options: ConnectionOptions): Promise<Connection> {
  const { target, signal, handlers } = options;
  signal.throwIfAborted();
  const child = target.transport === 'stdio' ? await createStdioTransport({ ...options, target }) : undefined;
  const wire = createWire(approach, child, options);
  const peer = new McpPeer({ wire, handlers, normalizeEnvelope: target.normalizeEnvelope });
  const clientCapabilities = clientCapabilitiesOf(target.clientCapabilities);
  try {
    await peer.start(signal);
    const handshake = await shakeHands(approach, peer, wire, clientCapabilities, options);
    return { ...handshake, peer, wire, child, clientCapabilities, secretValues: options.opener.secretValues };
  } catch (error) {
    // A session that the server has opened by then would stay with it.
    await wire.endSession(options.opener, AbortSignal.timeout(endLimitMs)).catch(() => undefined);
    await peer.close().catch(() => undefined);
    if (child === undefined) throw error;
    await child.end().catch(() => undefined);
    const lastLines = await child.lastLines(20);
    throw lastLines.length === 0 ? error : new StartFailure(error, lastLines);
  }
}

async function shakeHands(
  approach: Approach,
  peer: McpPeer,
  wire: Wire,
  clientCapabilities: JsonObject,
  { target, clientInfo, opener: context, signal, timeoutMs }: ConnectionOptions,
): Promise<Handshake> {
  const hello: HandshakeOptions = {
    clientInfo,
    clientCapabilities,
    logLevel: target.logLevel,
    request: { signal, timeoutMs, context },
  };
  switch (approach.kind) {
    case 'legacy':
      return initialize(peer, wire, hello);
    case 'modern':
      peer.speak(modernDialect({ ...hello, protocolVersion: approach.handshake.protocolVersion }));
      return approach.handshake;
    case 'stateless':
      return {
        era: 'legacy',
        protocolVersion: approach.protocolVersion,
        serverName: undefined,
        serverCapabilities: {},
        instructions: undefined,
      };
    case 'probe': {
      // Where nothing else would be spoken, there is no reason to stop waiting early.
      const limitMs = approach.insist ? timeoutMs : Math.min(target.probeTimeoutMs, timeoutMs);
      const modern = await probeEra(peer, { ...hello, request: { ...hello.request, timeoutMs: limitMs } });
      if (modern !== undefined) return modern;
      if (approach.insist) throw new NotModern('The server does not speak the modern revision.');
      return initialize(peer, wire, hello);
    }
  }
}

function createWire(
  approach: Approach,
  child: StdioChild | undefined,
  { target, egress, auth, opener }: ConnectionOptions,
): Wire {
  if (child !== undefined) return new StdioWire(child);
  if (target.transport === 'stdio') throw new TypeError('A process needs a child.');
  const { url, allowInsecure, transport } = target;
  // A context of the moment: nothing that outlives a request may hold what is read for it.
  const shared = {
    url,
    allowInsecure,
    egress,
    auth,
    opener: () => ({ ...createCallContext(opener), secretValues: opener.secretValues }),
  };
  if (transport === 'sse') return new SseWire(shared);
  return new HttpWire(
    approach.kind === 'stateless' ? { ...shared, protocolVersion: approach.protocolVersion } : shared,
  );
}
