import { jsonAnswer, type ScriptedAnswer, type ScriptedRequest, startScriptedServer } from './scripted-server.ts';

/** What is listed: anything at all, malformed things too. */
export interface Catalog {
  tools?: readonly unknown[];
  resources?: readonly unknown[];
  resourceTemplates?: readonly unknown[];
  prompts?: readonly unknown[];
}

export interface CatalogServer extends AsyncDisposable {
  readonly url: string;
  /** May be changed while the server runs. */
  readonly catalog: Catalog;
  /** How often `tools/list` was asked. */
  readonly listings: () => number;
  /** How often `tools/call` was asked. */
  readonly calls: () => number;
  /** From now on lists are answered with an error, or no longer. */
  failLists(fails: boolean): void;
}

export interface CatalogServerOptions {
  /** Items of a page. Default: all. */
  readonly pageSize?: number;
  /** What page 2 leads to, instead of the next: a page number. */
  readonly circle?: number;
  /** Speak the modern revision. Default false. */
  readonly modern?: boolean;
}

const members: Readonly<Record<string, keyof Catalog>> = {
  'tools/list': 'tools',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
  'prompts/list': 'prompts',
};

/** A server without sessions that lists what it is given, however malformed, page by page. */
export async function startCatalogServer(catalog: Catalog, options: CatalogServerOptions = {}): Promise<CatalogServer> {
  let failing = false;
  const answer = (request: ScriptedRequest): ScriptedAnswer => {
    const { rpcMethod = '', id, body } = request;
    const reply = (result: unknown): ScriptedAnswer => jsonAnswer({ jsonrpc: '2.0', id, result });
    const error = (code: number): ScriptedAnswer => jsonAnswer({ jsonrpc: '2.0', id, error: { code, message: 'no' } });
    if (rpcMethod === 'initialize')
      return reply({
        protocolVersion: '2025-06-18',
        capabilities: { tools: {}, resources: {}, prompts: {} },
        serverInfo: { name: 'catalog-server', version: '1' },
      });
    if (rpcMethod === 'server/discover' && options.modern === true)
      return reply({
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        serverInfo: { name: 'catalog-server', version: '1' },
        ttlMs: 0,
        cacheScope: 'private',
      });
    if (rpcMethod === 'tools/call') return reply({ content: [{ type: 'text', text: 'called' }] });
    const member = members[rpcMethod];
    if (member === undefined) return id === undefined ? { status: 202 } : error(-32601);
    return failing ? error(-32603) : reply(pageOf(catalog, member, body, options));
  };
  const server = await startScriptedServer(answer);
  const count = (method: string): number => server.requests.filter(({ rpcMethod }) => rpcMethod === method).length;
  return {
    url: server.url,
    catalog,
    listings: () => count('tools/list'),
    calls: () => count('tools/call'),
    failLists: (fails) => {
      failing = fails;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function pageOf(
  catalog: Catalog,
  member: keyof Catalog,
  body: string,
  { pageSize, circle }: CatalogServerOptions,
): Readonly<Record<string, unknown>> {
  const items = catalog[member] ?? [];
  const { params } = JSON.parse(body) as { readonly params?: { readonly cursor?: string } };
  const page = Number(params?.cursor ?? 0);
  const size = pageSize ?? (items.length || 1);
  const next = page === 1 && circle !== undefined ? circle : page + 1;
  return {
    [member]: items.slice(page * size, (page + 1) * size),
    ...(next * size < items.length || (page === 1 && circle !== undefined) ? { nextCursor: String(next) } : {}),
  };
}
