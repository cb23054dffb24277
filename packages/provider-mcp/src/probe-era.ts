import { discover, modernRevision, type Handshake, type HandshakeOptions } from './handshake.ts';
import { isRecord } from './is-record.ts';
import { legacyDialect } from './wire/dialect.ts';
import type { McpPeer } from './wire/peer.ts';
import { ForeignAnswer, HttpRefusal, NoAnswer, RpcError, StreamEnded } from './wire/wire-errors.ts';

/** The manifest insists on the modern revision, and the server does not speak it. */
export class NotModern extends Error {
  override readonly name = 'NotModern';
}

/**
 * Asks a server whether it speaks the modern revision. Undefined: it does not, so a legacy handshake is to follow on the same connection.
 * Rejects where the answer says nothing about that: no connection, no access, no capacity.
 */
export async function probeEra(peer: McpPeer, options: HandshakeOptions): Promise<Handshake | undefined> {
  try {
    return await ask(peer, options);
  } catch (error) {
    if (options.request.signal?.aborted === true || peer.ended || !isLegacySign(error)) throw error;
    peer.speak(legacyDialect);
    return undefined;
  }
}

const unsupportedProtocolVersion = -32022;

/** A server that refuses our revision, and names it among those that it speaks, is asked once more: a client picks from that list. */
async function ask(peer: McpPeer, options: HandshakeOptions): Promise<Handshake | undefined> {
  try {
    return await discover(peer, options);
  } catch (error) {
    if (!(error instanceof RpcError) || error.code !== unsupportedProtocolVersion) throw error;
    const supported = isRecord(error.data) ? error.data['supported'] : undefined;
    if (!Array.isArray(supported) || !supported.includes(modernRevision)) throw error;
    return discover(peer, options);
  }
}

/** An old server does not know the question: it says so, in some way of its own, chokes on it, or says nothing. */
function isLegacySign(error: unknown): boolean {
  if (error instanceof HttpRefusal) return error.status !== 401 && error.status !== 403;
  return (
    error instanceof RpcError ||
    error instanceof ForeignAnswer ||
    error instanceof StreamEnded ||
    error instanceof NoAnswer
  );
}
