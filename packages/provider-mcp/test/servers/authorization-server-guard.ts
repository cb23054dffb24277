import { request as sendRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { listen, readBody } from './http-listener.ts';
import type { AuthorizationServer } from './authorization-server.ts';

export interface GuardOptions {
  /** The MCP server behind. */
  readonly url: string;
  /** Whose tokens are taken, and who is named in the metadata; may change while it runs. */
  readonly authorizationServers: AuthorizationServer[];
  /** The scopes that a JSON-RPC method needs. Default none. */
  readonly scopesOf?: (method: string) => readonly string[];
  readonly scopesSupported?: readonly string[];
  /** What the metadata says instead of the guard's own URL. */
  readonly resource?: string;
  /** Whether refusals say where the metadata is, and which scopes are wanted. Default true. */
  readonly challenges?: boolean;
}

export interface Guard extends AsyncDisposable {
  readonly url: string;
  /** `Authorization` of each request to the MCP server, in order. */
  readonly credentials: readonly (string | undefined)[];
  readonly refusals: { unauthorized: number; forbidden: number };
  /** Holds the next requests back until so many have come, and answers them together. */
  holdUntil(count: number): void;
}

/** A real MCP server behind a check of access tokens (RFC 6750, RFC 9728). */
export async function startGuard(options: GuardOptions): Promise<Guard> {
  const { authorizationServers, scopesOf = () => [], challenges = true } = options;
  const credentials: (string | undefined)[] = [];
  const refusals = { unauthorized: 0, forbidden: 0 };
  let held: { readonly count: number; readonly waiting: (() => void)[] } | undefined;
  const listener = await listen(handle);
  const url = `${listener.origin}/mcp`;
  const metadataUrl = `${listener.origin}/.well-known/oauth-protected-resource/mcp`;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    if (request.url === '/.well-known/oauth-protected-resource/mcp')
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          resource: options.resource ?? url,
          authorization_servers: authorizationServers.map(({ issuer }) => issuer),
          ...(options.scopesSupported === undefined ? {} : { scopes_supported: options.scopesSupported }),
        }),
      );
    if (request.url !== '/mcp') return void response.writeHead(404).end();
    await turn();
    const credential = request.headers.authorization;
    credentials.push(credential);
    const token = credential?.replace(/^Bearer /, '') ?? '';
    const access = authorizationServers.map((server) => server.access(token)).find((found) => found !== undefined);
    const wanted = scopesOf(methodOf(body));
    if (access === undefined) {
      refusals.unauthorized += 1;
      return refuse(response, 401, wanted);
    }
    if (!wanted.every((scope) => access.scopes.includes(scope))) {
      refusals.forbidden += 1;
      return refuse(response, 403, wanted);
    }
    forward(options.url, request, body, response);
  }

  async function turn(): Promise<void> {
    if (held === undefined) return;
    const { count, waiting } = held;
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length < count) return;
      held = undefined;
      for (const go of waiting) go();
    });
  }

  function refuse(response: ServerResponse, status: 401 | 403, scopes: readonly string[]): void {
    const parts = [
      `resource_metadata="${metadataUrl}"`,
      ...(scopes.length === 0 ? [] : [`scope="${scopes.join(' ')}"`]),
      ...(status === 403 ? ['error="insufficient_scope"'] : []),
    ];
    const headers = challenges ? { 'www-authenticate': `Bearer ${parts.join(', ')}` } : {};
    response.writeHead(status, headers).end();
  }

  return {
    url,
    credentials,
    refusals,
    holdUntil: (count) => void (held = { count, waiting: [] }),
    [Symbol.asyncDispose]: () => listener.close(),
  };
}

function methodOf(body: string): string {
  try {
    return (JSON.parse(body) as { readonly method?: string }).method ?? '';
  } catch {
    return '';
  }
}

function forward(url: string, from: IncomingMessage, body: string, to: ServerResponse): void {
  const { host: _, ...headers } = from.headers;
  const behind = sendRequest(url, { method: from.method, headers }, (answer) => {
    to.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(to);
  });
  behind.on('error', () => to.destroy());
  to.on('close', () => behind.destroy());
  behind.end(body);
}
