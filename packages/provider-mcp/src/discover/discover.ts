import { dirname, join, relative, sep } from 'node:path';
import {
  CapstanError,
  type Caller,
  type Capability,
  type DiscoverTarget,
  type Logger,
  type ManifestDraft,
  type Metadata,
} from '@capstan/provider';
import { type DiscoverOptions, readDiscoverOptions } from './discover-options.ts';
import { draftsOf } from './draft-offers.ts';
import { findUpstreams, type FoundUpstream, serverSegment } from './find-upstreams.ts';
import { asCapstanError, choose, listOffers, nothingOffered, type OpenServer } from './server-offers.ts';
import type { UpstreamDraft } from './upstream-draft.ts';

export interface DiscoverContext {
  readonly logger: Logger;
  /** `values`: of variables, for this server and this run, before those of the host. Rejects with a `CapstanError`. */
  open(request: {
    readonly capability: Capability;
    readonly caller: Caller;
    readonly values: ReadonlyMap<string, string>;
    readonly signal: AbortSignal;
  }): Promise<OpenServer>;
}

/**
 * Drafts of what one server offers, or all servers of a configuration. A server that fails keeps none of the others back; the run
 * rejects at its end with the first failure.
 */
export async function* discover(
  target: DiscoverTarget,
  signal: AbortSignal,
  context: DiscoverContext,
): AsyncGenerator<ManifestDraft> {
  if (target.like !== undefined) {
    yield* again(target.like, target.caller, signal, context);
    return;
  }
  const options = readDiscoverOptions(target.options);
  const failures: CapstanError[] = [];
  const upstreams = await findUpstreams(target.location, options);
  for (const found of upstreams) {
    signal.throwIfAborted();
    try {
      yield* draftsOfFound(found, target, options, signal, context);
    } catch (error) {
      const failure = asCapstanError(error, 'The import failed', signal);
      if (failure.code === 'CANCELLED' || signal.aborted) throw failure;
      failures.push(upstreams.length === 1 ? failure : naming(found, failure));
    }
  }
  const [first, ...others] = failures;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  throw new CapstanError(
    first.code,
    `${failures.length} servers could not be imported:\n${failures.map(({ message }) => `- ${message}`).join('\n')}`,
    { cause: first, details: { failures: failures.map((failure) => failure.toJSON()) } },
  );
}

/** Of several, which one it was. */
function naming(found: FoundUpstream, failure: CapstanError): CapstanError {
  const key = 'upstream' in found ? found.upstream.name : found.key;
  const { code, message, retryable, details } = failure;
  return new CapstanError(code, `${JSON.stringify(key)}: ${message}`, { retryable, details, cause: failure });
}

/** What the server of a capability offers now. */
async function* again(
  like: Capability,
  caller: Caller,
  signal: AbortSignal,
  context: DiscoverContext,
): AsyncGenerator<ManifestDraft> {
  const wants = { resources: like.kind !== 'tool' && like.kind !== 'prompt', prompts: like.kind === 'prompt' };
  const server = await context.open({ capability: like, caller, values: new Map(), signal });
  try {
    const { offers, dropped } = await listOffers(server, wants, like.id, signal);
    const sharedNotes = dropped.length === 0 ? {} : { sharedNotes: dropped };
    yield* draftsOf(serverSegment(undefined, server.name), offers).map((draft) => ({ ...draft, ...sharedNotes }));
  } finally {
    await end(server, context);
  }
}

async function* draftsOfFound(
  found: FoundUpstream,
  target: DiscoverTarget,
  options: DiscoverOptions,
  signal: AbortSignal,
  context: DiscoverContext,
): AsyncGenerator<ManifestDraft> {
  if ('error' in found) throw found.error;
  if ('isDisabled' in found) {
    context.logger.log('warning', 'mcp.import-skipped', { server: found.key, why: 'disabled in the configuration' });
    return;
  }
  const { upstream } = found;
  const file = target.source?.file ?? join(process.cwd(), 'capabilities', 'import.yaml');
  const metadata = sharedMetadata(upstream, file);
  const capability = toConnect(metadata, file, upstream.name);
  const server = await context.open({ capability, caller: target.caller, values: upstream.values, signal });
  try {
    const where = upstream.name ?? server.name ?? 'The server';
    const { offers, dropped } = await listOffers(server, options, where, signal);
    const chosen = choose(offers, options.only, where);
    const notes = [...upstream.notes, ...dropped];
    if (Object.values(chosen).every((list) => list.length === 0)) throw nothingOffered(where, options, dropped);
    for (const draft of draftsOf(serverSegment(upstream.name, server.name), chosen))
      yield { ...draft, metadata, ...(notes.length > 0 && { sharedNotes: notes }) };
  } finally {
    await end(server, context);
  }
}

/** In the order in which manifests are read: where, how, as whom. */
function sharedMetadata({ metadata, cwd }: UpstreamDraft, file: string): Metadata {
  const { mcp_command, mcp_args, mcp_server_url, ...others } = metadata;
  const folder = cwd === undefined ? '' : relative(dirname(file), cwd).replaceAll(sep, '/');
  return {
    ...(mcp_server_url !== undefined && { mcp_server_url }),
    ...(mcp_command !== undefined && { mcp_command }),
    ...(mcp_args !== undefined && { mcp_args }),
    ...(mcp_command !== undefined && folder !== '' && { mcp_cwd: folder }),
    mcp_requires_session: 'auto',
    ...others,
  };
}

/** Enough of a capability to open a session for; it is never called. */
function toConnect(metadata: Metadata, file: string, name: string | undefined): Capability {
  const segment = serverSegment(name, undefined);
  return {
    id: `mcp.${segment}`,
    kind: 'tool',
    effect: 'once',
    publish: false,
    provider: 'mcp',
    metadata,
    source: { file: join(dirname(file), `${segment}.yaml`), line: 1, column: 1 },
  };
}

async function end(server: OpenServer, { logger }: DiscoverContext): Promise<void> {
  try {
    await server.close();
  } catch (error) {
    // What was asked for is known already.
    logger.log('warning', 'mcp.import-close-failed', {
      reason: error instanceof Error ? error.message : String(error),
    });
  }
}
