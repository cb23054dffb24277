import { StreamableHTTPClientTransport, type FetchLike } from '@modelcontextprotocol/client';
import type { Caller, Capability, SecretSource } from '@capstan/provider';
import { readCredentialHeader } from './auth-provider.ts';
import { createCallContext, type CallContexts } from './call-context.ts';
import type { HttpTarget } from './mcp-capability.ts';
import { UpstreamBusy } from './upstream-busy.ts';

export interface HttpTransportOptions {
  readonly target: HttpTarget;
  readonly secrets: SecretSource;
  readonly contexts: CallContexts;
  /** Whose credentials requests carry that belong to no call: the handshake, the end of the session. */
  readonly opener: { readonly capability: Capability; readonly caller: Caller };
  /** Talk without a handshake, in this revision, as a server without sessions allows. */
  readonly statelessVersion?: string | undefined;
}

/** Streamable HTTP with our way of fetching. Redirects stay within the origin: the SDK's own default policy. */
export function createHttpTransport(options: HttpTransportOptions): StreamableHTTPClientTransport {
  const { target, statelessVersion } = options;
  return new StreamableHTTPClientTransport(target.url, {
    fetch: createUpstreamFetch(options),
    // An empty id makes the SDK neither shake hands nor send the header: undocumented, pinned by a test.
    ...(statelessVersion === undefined ? {} : { sessionId: '', protocolVersion: statelessVersion }),
  });
}

function createUpstreamFetch({ target, secrets, contexts, opener }: HttpTransportOptions): FetchLike {
  return async (url, init) => {
    const headers = new Headers(init?.headers);
    // Nobody listens on the stream that the SDK opens after each handshake; only a broken stream is taken up again.
    if (init?.method === 'GET' && !headers.has('last-event-id')) return new Response(null, { status: 405 });
    if (target.credential !== undefined && isWithinOrigin(target.url, new URL(url))) {
      // A context of the moment: nothing that outlives the request may hold what is read for it.
      const context = contexts.getStore() ?? createCallContext(opener);
      const [name, value] = await readCredentialHeader(secrets, target.credential, context);
      headers.set(name, value);
    }
    const response = await fetch(url, { ...init, headers });
    if (response.status !== 429 && response.status !== 503) return response;
    await response.body?.cancel();
    throw new UpstreamBusy(response.status, response.headers.get('retry-after'));
  };
}

// The same host by https instead of http is the one other origin that the SDK follows to.
function isWithinOrigin(from: URL, to: URL): boolean {
  return from.origin === to.origin || (from.hostname === to.hostname && to.protocol === 'https:' && to.port === '');
}
