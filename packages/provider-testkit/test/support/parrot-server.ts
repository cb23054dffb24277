import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Says back what it is told, on a session and with a token: `POST /sessions`, `POST /sessions/<id>/words`, `DELETE /sessions/<id>`. `suggestions` beside `words` completes, `tasks/<id>` looks after words said later. */
export class ParrotServer {
  opened = 0;
  calls = 0;
  /** The next word is answered with this status. */
  refusal: number | undefined;
  readonly sessions = new Set<string>();
  readonly #token: string;
  readonly #later = new Map<string, { readonly word: string; looks: number }>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));

  static async start(token: string): Promise<ParrotServer> {
    const server = new ParrotServer(token);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  private constructor(token: string) {
    this.#token = token;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (status: number, body: object = {}): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const [, , id = '', words, task] = (request.url ?? '').split('/');
    if (request.headers.authorization !== `Bearer ${this.#token}`) return reply(401);
    if (id === '') {
      this.opened++;
      const session = randomUUID();
      this.sessions.add(session);
      return reply(201, { session });
    }
    if (!this.sessions.has(id)) return reply(404);
    if (request.method === 'DELETE') {
      this.sessions.delete(id);
      return reply(200);
    }
    if (words === 'suggestions') return reply(200, { values: ['hello', 'help'], total: 2 });
    if (words === 'tasks') return this.#answerTask(reply, text, task);
    if (words !== 'words') return reply(400);
    this.calls++;
    const { refusal = 200 } = this;
    this.refusal = undefined;
    const body = JSON.parse(text) as { word: string; later?: boolean };
    if (body.later !== true) return reply(refusal, body);
    const later = randomUUID();
    this.#later.set(later, { word: body.word, looks: 0 });
    return reply(200, { task: later });
  }

  /** Thinks once, then says the word. */
  #answerTask(reply: (status: number, body?: object) => void, text: string, id = ''): void {
    const task = this.#later.get(id);
    if (task === undefined) return reply(410);
    const { cancel = false } = JSON.parse(text) as { cancel?: boolean };
    if (cancel) return reply(200, { state: 'cancelled' });
    if (task.looks++ === 0) return reply(200, { state: 'working', pollAfterMs: 1 });
    reply(200, { state: 'completed', result: { output: { word: task.word }, isError: false } });
  }
}
