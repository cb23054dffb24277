import type { JsonObject } from '@capstan/provider';
import { isJsonObject, isRecord } from './is-record.ts';
import { legacyDialect, modernDialect } from './wire/dialect.ts';
import type { McpPeer } from './wire/peer.ts';
import type { RequestOptions } from './wire/pending-request.ts';
import type { Wire } from './wire/wire.ts';
import { ForeignAnswer, RpcError } from './wire/wire-errors.ts';

/** A name and a version, as both sides introduce themselves. */
export interface Implementation {
  readonly name: string;
  readonly version: string;
  readonly title?: string;
  readonly websiteUrl?: string;
}

/** What both sides know of each other once they may talk. */
export interface Handshake {
  readonly era: 'legacy' | 'modern';
  readonly protocolVersion: string;
  readonly serverName: string | undefined;
  readonly serverCapabilities: JsonObject;
  readonly instructions: string | undefined;
  /** Milliseconds for which a modern server's word about itself holds, where it says so. */
  readonly ttlMs?: number | undefined;
}

export interface HandshakeOptions {
  readonly clientInfo: Implementation;
  readonly clientCapabilities: JsonObject;
  readonly logLevel: string | undefined;
  readonly request: Pick<RequestOptions, 'signal' | 'timeoutMs' | 'context'>;
}

export const modernRevision = '2026-07-28';
export const latestLegacyRevision = '2025-11-25';
const legacyRevisions = [latestLegacyRevision, '2025-06-18', '2025-03-26', '2024-11-05', '2024-10-07'];

/** Legacy: `initialize`, then `notifications/initialized` (2025-11-25, "Lifecycle"). */
export async function initialize(peer: McpPeer, wire: Wire, options: HandshakeOptions): Promise<Handshake> {
  const { clientInfo, clientCapabilities, logLevel, request } = options;
  const result = await peer.request(
    'initialize',
    { protocolVersion: latestLegacyRevision, capabilities: clientCapabilities, clientInfo: { ...clientInfo } },
    request,
  );
  const { protocolVersion, capabilities, instructions } = result;
  if (typeof protocolVersion !== 'string' || !isRecord(capabilities))
    throw new ForeignAnswer('The answer to initialize lacks a protocol version or capabilities.');
  if (!legacyRevisions.includes(protocolVersion)) throw new UnknownRevision(protocolVersion);
  wire.setProtocolVersion(protocolVersion);
  await peer.notify('notifications/initialized', undefined, request);
  if (logLevel !== undefined && capabilities['logging'] !== undefined) await askToLog(peer, logLevel, request);
  return {
    era: 'legacy',
    protocolVersion,
    serverName: nameIn(result['serverInfo']),
    serverCapabilities: capabilities as JsonObject,
    instructions: typeof instructions === 'string' ? instructions : undefined,
  };
}

/** A server that refuses can be called all the same. */
async function askToLog(peer: McpPeer, level: string, request: HandshakeOptions['request']): Promise<void> {
  try {
    await peer.request('logging/setLevel', { level }, request);
  } catch (error) {
    if (!(error instanceof RpcError)) throw error;
  }
}

/** The server speaks a revision that we do not. */
export class UnknownRevision extends Error {
  override readonly name = 'UnknownRevision';
  readonly revision: string;

  constructor(revision: string) {
    super(`The server speaks revision ${revision}.`);
    this.revision = revision;
  }
}

/** Modern: `server/discover`; nothing else is needed before calls (2026-07-28, "Discovery"). Undefined where the answer is none of a modern server. */
export async function discover(peer: McpPeer, options: HandshakeOptions): Promise<Handshake | undefined> {
  peer.speak(modernDialect({ ...options, protocolVersion: modernRevision }));
  const result = await peer.request('server/discover', undefined, options.request);
  const handshake = parseDiscovery(result);
  if (handshake === undefined) peer.speak(legacyDialect);
  return handshake;
}

function parseDiscovery(result: JsonObject): Handshake | undefined {
  const { supportedVersions, capabilities, instructions, ttlMs } = result;
  if (!Array.isArray(supportedVersions) || !supportedVersions.includes(modernRevision)) return undefined;
  if (capabilities === undefined || !isJsonObject(capabilities)) return undefined;
  const meta = result['_meta'];
  const serverInfo = isRecord(meta) ? meta['io.modelcontextprotocol/serverInfo'] : undefined;
  return {
    era: 'modern',
    protocolVersion: modernRevision,
    serverName: nameIn(serverInfo ?? result['serverInfo']),
    serverCapabilities: capabilities,
    instructions: typeof instructions === 'string' ? instructions : undefined,
    // Zero is what servers say that thought nothing of it; the era they speak does not change with each answer.
    ttlMs: typeof ttlMs === 'number' && ttlMs > 0 ? ttlMs : undefined,
  };
}

function nameIn(serverInfo: unknown): string | undefined {
  return isRecord(serverInfo) && typeof serverInfo['name'] === 'string' ? serverInfo['name'] : undefined;
}
