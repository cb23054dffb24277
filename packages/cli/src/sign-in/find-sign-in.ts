import type { Capability } from '@capstan/provider';
import type { SignIns } from '@capstan/provider-mcp/oauth';
import { basename, extname, resolve } from 'node:path';
import { findCapability } from '../find-capability.ts';
import type { LoadedRuntime } from '../load-runtime.ts';
import { UsageError } from '../usage-error.ts';

/**
 * The capability whose sign-in is meant: its id, the URL of a server, or the name of a manifest. Throws `UsageError` where nobody signs in for it or
 * several servers are meant, and what `findCapability` throws.
 */
export async function findSignIn(word: string, loaded: LoadedRuntime, signIns: SignIns): Promise<Capability> {
  const { marketplace } = loaded.runtime;
  const known = marketplace.get(word);
  if (known !== undefined) {
    if (serverOf(known, signIns) !== undefined) return known;
    throw new UsageError(`Nobody has to sign in for ${word}: its manifest does not say mcp_auth: oauth2_code.`);
  }
  const candidates = marketplace.list().filter((capability) => serverOf(capability, signIns) !== undefined);
  const url = /^https?:/i.test(word) ? URL.parse(word) : null;
  if (url !== null) return candidates.find((capability) => isAt(capability, url)) ?? capabilityAt(url);
  const found = candidates.filter(({ source }) => isNamed(source.file, word));
  const servers = new Set(found.map((capability) => serverOf(capability, signIns)));
  if (servers.size > 1)
    throw new UsageError(`${word} has several servers: ${[...servers].join(', ')}. Name one of them, or a capability.`);
  return found[0] ?? (await findCapability(word, loaded));
}

function serverOf(capability: Capability, signIns: SignIns): string | undefined {
  return capability.provider === 'mcp' ? signIns.serverOf(capability) : undefined;
}

function isAt({ metadata }: Capability, url: URL): boolean {
  return URL.parse(String(metadata['mcp_server_url']))?.href === url.href;
}

function isNamed(file: string, word: string): boolean {
  return basename(file, extname(file)) === word || basename(file) === word || resolve(file) === resolve(word);
}

/** A server that no manifest names yet, as one that says only its URL would. */
function capabilityAt(url: URL): Capability {
  return {
    id: url.href,
    kind: 'tool',
    effect: 'read',
    publish: false,
    provider: 'mcp',
    metadata: { mcp_server_url: url.href, mcp_auth: 'oauth2_code' },
    source: { file: 'the command line', line: 1, column: 1 },
  };
}
