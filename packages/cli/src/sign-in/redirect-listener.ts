import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UsageError } from '../usage-error.ts';

export interface RedirectListenerOptions {
  /** Listen exactly there, as a client that was registered by hand may have to. Default: a free port. */
  readonly redirectUrl?: string | undefined;
  /** The path `/callback`, which documents and registrations name, instead of one that nobody can guess. */
  readonly fixedPath: boolean;
}

/** Waits on the loopback interface for the browser that comes back from a sign-in (RFC 8252 §7.3). */
export interface RedirectListener extends AsyncDisposable {
  readonly url: URL;
  /** The first request that brings `state`, and no other. Rejects with the reason of `signal`. */
  answer(state: string, signal: AbortSignal): Promise<URL>;
}

/** Throws `UsageError` where the given URL is none to listen on, or is taken. */
export async function listenForRedirect(options: RedirectListenerOptions): Promise<RedirectListener> {
  const given = options.redirectUrl === undefined ? undefined : loopbackUrl(options.redirectUrl);
  const answered = Promise.withResolvers<URL>();
  let awaited: string | undefined;
  const server = createServer((request, response) => {
    const asked = urlOf(request, url);
    if (asked === undefined || request.method !== 'GET') return say(response, 404, 'There is nothing here.');
    if (awaited === undefined || asked.searchParams.get('state') !== awaited)
      return say(response, 400, 'This is not the sign-in that is waited for.');
    // Whatever comes later is not it any more.
    awaited = undefined;
    say(response, 200, 'That is all here. Go back to the terminal: it says how it went. You can close this page.');
    answered.resolve(asked);
  });
  const port = await listen(server, given);
  const url = given ?? new URL(`http://127.0.0.1:${port}/${options.fixedPath ? 'callback' : randomPath()}`);
  return {
    url,
    answer: async (state, signal) => {
      signal.throwIfAborted();
      awaited = state;
      const onAbort = (): void => answered.reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await answered.promise;
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      // A browser keeps its connection open and has nothing more to ask.
      setTimeout(() => server.closeAllConnections(), 500).unref();
      await closed;
    },
  };
}

function loopbackUrl(text: string): URL {
  const url = URL.parse(text);
  const isOurs = url?.protocol === 'http:' && (url.hostname === '127.0.0.1' || url.hostname === 'localhost');
  if (url === null || !isOurs || url.port === '' || url.search !== '' || url.hash !== '')
    throw new UsageError(
      `--redirect-url must be a URL to listen on, like http://127.0.0.1:8976/callback: plain http, this machine, with a port.`,
    );
  return url;
}

async function listen(server: ReturnType<typeof createServer>, given: URL | undefined): Promise<number> {
  const port = given === undefined ? 0 : Number(given.port);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  }).catch((cause: unknown) => {
    throw new UsageError(`Nothing can listen on port ${port}: it is taken or not allowed.`, { cause });
  });
  return (server.address() as AddressInfo).port;
}

/** Undefined for another path, and for a name that only resolves to us: a page elsewhere could use one (DNS rebinding). */
function urlOf(request: IncomingMessage, url: URL): URL | undefined {
  const asked = URL.parse(request.url ?? '', url.href);
  if (asked === null || request.headers.host !== url.host) return undefined;
  return asked.origin === url.origin && asked.pathname === url.pathname ? asked : undefined;
}

function randomPath(): string {
  return randomBytes(16).toString('base64url');
}

function say(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'",
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      connection: 'close',
    })
    .end(`<!doctype html><meta charset="utf-8"><title>Capstan</title><p>${text}</p>\n`);
}
