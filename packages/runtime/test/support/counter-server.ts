import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the server saw. */
export interface CounterCounts {
  opened: number;
  closed: number;
  calls: number;
  refused: number;
}

/**
 * A real HTTP service with sessions: `POST /sessions` opens one, `POST /sessions/<id>/calls` calls on it, `DELETE /sessions/<id>`
 * ends it, `POST /calls` calls without one. An unknown session is 404, a wrong token 401.
 */
export class CounterServer implements AsyncDisposable {
  readonly counts: CounterCounts = { opened: 0, closed: 0, calls: 0, refused: 0 };
  readonly sessions = new Set<string>();
  /** Of each call, in order. */
  readonly idempotencyKeys: (string | undefined)[] = [];
  /** What is asked for in `authorization`; undefined: nothing. */
  token: string | undefined;
  /** Answers given before any other, one for each request. */
  readonly failures: { status: number; retryAfter?: number }[] = [];
  /** Statuses that calls on a session are answered with, after they were counted, one for each call. */
  readonly callFailures: number[] = [];
  /** Calls that say `wait` are answered when this resolves. */
  gate: Promise<void> = Promise.resolve();
  /** Resolves when that many calls wait at the gate. */
  #arrivals: { readonly count: number; readonly resolve: () => void }[] = [];
  #waiting = 0;
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(): Promise<CounterServer> {
    const server = new CounterServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  arrived(count: number): Promise<void> {
    if (this.#waiting >= count) return Promise.resolve();
    return new Promise((resolve) => this.#arrivals.push({ count, resolve }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, body: object = {}, headers: Record<string, string> = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    };
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const [, collection, id, calls] = (request.url ?? '').split('/');
    const failure = this.failures.shift();
    if (failure !== undefined) {
      this.counts.refused++;
      return reply(
        failure.status,
        {},
        failure.retryAfter === undefined ? {} : { 'retry-after': String(failure.retryAfter) },
      );
    }
    if (this.token !== undefined && request.headers.authorization !== `Bearer ${this.token}`) {
      this.counts.refused++;
      return reply(401, { seen: request.headers.authorization ?? null });
    }
    if (collection === 'sessions' && id === undefined) {
      this.counts.opened++;
      const opened = randomUUID();
      this.sessions.add(opened);
      return reply(201, { id: opened });
    }
    if (collection === 'sessions' && !this.sessions.has(id ?? '')) {
      this.counts.refused++;
      return reply(404);
    }
    if (collection === 'sessions' && request.method === 'DELETE') {
      this.counts.closed++;
      this.sessions.delete(id ?? '');
      return reply(204);
    }
    if (collection !== 'calls' && calls !== 'calls') return reply(400);
    this.counts.calls++;
    this.idempotencyKeys.push(request.headers['idempotency-key']?.toString());
    const input = JSON.parse(text) as { wait?: boolean };
    if (input.wait === true) await this.#wait();
    const status = this.callFailures.shift() ?? 200;
    return status === 200 ? reply(200, { session: id ?? null, input }) : reply(status);
  }

  async #wait(): Promise<void> {
    this.#waiting++;
    for (const { count, resolve } of this.#arrivals) if (this.#waiting >= count) resolve();
    await this.gate;
    this.#waiting--;
  }
}
