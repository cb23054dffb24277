import type { FetchLike } from '@modelcontextprotocol/client';
import type { Egress } from '@capstan/http-egress';

/** Metadata and tokens are small; more is no honest answer. */
const maxAnswerBytes = 1_048_576;
/** Of one request to an authorization server. */
const answerLimitMs = 30_000;

export interface TrustedUrls {
  /** The MCP server's URL, and the issuer where the manifest names one. */
  readonly declared: readonly URL[];
  /** Plain http beyond loopback, for the declared hosts. */
  readonly allowInsecure: boolean;
}

/**
 * `fetch` for the requests that get tokens. What stands in a manifest is `declared`; what a server's documents name is `derived`, so never on a private
 * address, with two exceptions, for what lies beside its MCP server: the same host on another port, and loopback named by a server on loopback (local
 * development). Both become `declared`, so the egress policy still decides about them. Redirects are never followed here.
 */
export function fetchByTrust(fetchAs: Egress['fetchAs'], { declared, allowInsecure }: TrustedUrls): FetchLike {
  const rules = { redirect: 'none', maxBytes: maxAnswerBytes } as const;
  const fetchDeclared = fetchAs({ ...rules, trust: 'declared', allowInsecure });
  const fetchDerived = fetchAs({ ...rules, trust: 'derived' });
  return (input, init) => {
    const url = new URL(input);
    const signals = [AbortSignal.timeout(answerLimitMs), ...(init?.signal ? [init.signal] : [])];
    const fetchIt = declared.some((known) => isBeside(known, url)) ? fetchDeclared : fetchDerived;
    return fetchIt(url, { ...init, signal: AbortSignal.any(signals) });
  };
}

function isBeside(known: URL, url: URL): boolean {
  return known.hostname === url.hostname || (isLoopback(known) && isLoopback(url));
}

/** By its name alone: `localhost`, 127/8, `::1`. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
