import type { JsonObject, TaskStatus } from '@capstan/provider';
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What arrived, sessions aside. */
export interface KilnRequest {
  readonly path: string;
  /** Undefined: without one. */
  readonly session: string | undefined;
  readonly body: JsonObject;
}

/**
 * A real HTTP service that fires pots, slowly: `POST /fire` answers with a pot, asks something first or goes on as a task, as its body
 * says; `POST /glazes` suggests; `/tasks/<id>`, `/tasks/<id>/answers` and `/tasks/<id>/stop` look after tasks. An unknown session is 404.
 */
export class KilnServer implements AsyncDisposable {
  readonly sessions = new Set<string>();
  opened = 0;
  readonly requests: KilnRequest[] = [];
  /** What looks at a task see, one after the other; the last one stays. */
  readonly firing: TaskStatus[] = [{ state: 'working', pollAfterMs: 1 }];
  /** Statuses that requests are answered with instead, one each; 0 is 200. */
  readonly refusals: number[] = [];
  /** Requests are answered when this resolves. */
  gate: Promise<void> = Promise.resolve();
  #arrivals: { readonly path: string; readonly resolve: () => void }[] = [];
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<KilnServer> {
    const server = new KilnServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves with the next request for `path`. */
  arrival(path: string): Promise<void> {
    return new Promise((resolve) => this.#arrivals.push({ path, resolve }));
  }

  /** Bodies of the requests for `path`. */
  bodies(path: string): readonly JsonObject[] {
    return this.requests.filter((request) => request.path === path).map(({ body }) => body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const reply = (status: number, document: unknown = {}): void => {
      response.writeHead(status).end(JSON.stringify(document));
    };
    const [, place, id, action] = (request.url ?? '').split('/');
    if (place === 'sessions' && id === undefined) {
      this.opened++;
      const session = randomUUID();
      this.sessions.add(session);
      return reply(200, { session });
    }
    if (place === 'sessions') {
      this.sessions.delete(id ?? '');
      return reply(200);
    }
    const session = request.headers['x-session']?.toString();
    const body = JSON.parse(text === '' ? '{}' : text) as JsonObject;
    const path = [place, ...(action === undefined ? [] : [action])].join('/');
    this.requests.push({ path, session, body });
    for (const arrival of this.#arrivals) if (arrival.path === path) arrival.resolve();
    await this.gate;
    if (session !== undefined && !this.sessions.has(session)) return reply(404);
    const refusal = this.refusals.shift() ?? 0;
    if (refusal !== 0) return reply(refusal);
    if (place === 'glazes') return reply(200, glazes(body));
    if (place === 'tasks') {
      if (action === 'stop') return reply(200, { state: 'cancelled' } satisfies TaskStatus);
      return reply(200, (this.firing.length > 1 ? this.firing.shift() : this.firing[0]) ?? {});
    }
    return reply(200, fired(body));
  }
}

function glazes(body: JsonObject): JsonObject {
  const typed = typeof body['typed'] === 'string' ? body['typed'] : '';
  const values = ['celadon', 'celadon dark', 'tenmoku'].filter((glaze) => glaze.startsWith(typed));
  return { values, total: values.length, hasMore: false };
}

function fired({ input, answer = null, resume = null }: JsonObject): JsonObject {
  const wish = (input ?? {}) as JsonObject;
  if (wish['slow'] === true) return { task: { id: 'pot-1', state: { shelf: 3 } } };
  if (wish['asks'] === true && answer === null && resume === null) {
    return { ask: { kind: 'elicitation', params: { message: 'Which glaze?' } }, state: 'on the wheel' };
  }
  return { output: { pot: wish, answer, resume } };
}
