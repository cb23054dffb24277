import { Server as LegacyServer } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
  SubscribeRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { Server } from '@modelcontextprotocol/server';
import { serveLegacy } from './serve-legacy.ts';
import { serveModern } from './serve-modern.ts';

const info = { name: 'changing-server', version: '1.0.0' };
const listChanged = true;
const capabilities = {
  tools: { listChanged },
  prompts: { listChanged },
  resources: { listChanged, subscribe: true },
  logging: {},
};

/** What the servers offer now, and what was asked of them. */
export interface Offer {
  description: string;
  readonly subscribed: string[];
  /** How long an answer to `resources/read` holds, and for whom. */
  hint?: { readonly ttlMs: number; readonly cacheScope: 'public' | 'private' };
  reads: number;
}

export interface ChangingServer extends AsyncDisposable {
  readonly url: string;
  readonly seen: readonly string[];
  readonly offer: Offer;
  readonly toolsChanged: () => void;
  readonly promptsChanged: () => void;
  readonly resourcesChanged: () => void;
  readonly resourceUpdated: (uri: string) => void;
  readonly cutStreams: () => void;
}

const definition = (offer: Offer) => ({
  name: 'echo',
  description: offer.description,
  inputSchema: { type: 'object' as const },
});
const read = (offer: Offer, uri: string) => {
  offer.reads += 1;
  return { contents: [{ uri, mimeType: 'text/plain', text: `reading ${offer.reads}` }], ...offer.hint };
};
const done = { content: [{ type: 'text' as const, text: 'done' }] };

export async function startChangingLegacy(): Promise<ChangingServer> {
  const offer: Offer = { description: 'first', subscribed: [], reads: 0 };
  const served = await serveLegacy(() => {
    const server = new LegacyServer(info, { capabilities });
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [definition(offer)] }));
    server.setRequestHandler(CallToolRequestSchema, async ({ params }, { sendNotification }) => {
      // On the call's own stream.
      if (params.arguments?.['change'] === true) await sendNotification({ method: 'notifications/tools/list_changed' });
      return done;
    });
    server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => read(offer, params.uri));
    server.setRequestHandler(SubscribeRequestSchema, ({ params }) => {
      offer.subscribed.push(params.uri);
      return {};
    });
    return server;
  });
  const tell = (method: string, params?: object): void => {
    for (const server of served.servers)
      server.notification({ method, ...(params && { params }) } as never).catch(() => undefined);
  };
  return {
    ...served,
    offer,
    toolsChanged: () => tell('notifications/tools/list_changed'),
    promptsChanged: () => tell('notifications/prompts/list_changed'),
    resourcesChanged: () => tell('notifications/resources/list_changed'),
    resourceUpdated: (uri) => tell('notifications/resources/updated', { uri }),
  };
}

export async function startChangingModern(): Promise<ChangingServer> {
  const offer: Offer = { description: 'first', subscribed: [], reads: 0 };
  const served = await serveModern(() => {
    const server = new Server(info, { capabilities });
    server.setRequestHandler('tools/list', () => ({ tools: [definition(offer)] }));
    server.setRequestHandler('tools/call', () => done);
    server.setRequestHandler('resources/read', ({ params }) => read(offer, params.uri));
    return server;
  });
  const { notify } = served.handler;
  return {
    ...served,
    offer,
    toolsChanged: () => notify.toolsChanged(),
    promptsChanged: () => notify.promptsChanged(),
    resourcesChanged: () => notify.resourcesChanged(),
    resourceUpdated: (uri) => notify.resourceUpdated(uri),
  };
}
