import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a plugin and an upstream on TCP: holds answers back, hands them out in crumbs, cuts connections, goes away. */
export class FaultProxy implements AsyncDisposable {
  readonly #target: number;
  /** Each connection of the plugin, and the one towards the upstream that serves it. */
  readonly #links = new Map<Socket, Socket>();
  #server: Server | undefined;
  #port = 0;
  #held = false;
  #crumbBytes = Infinity;

  /** In front of `target`, a port on 127.0.0.1. */
  static async start(target: number): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await proxy.accept();
    return proxy;
  }

  private constructor(target: number) {
    this.#target = target;
  }

  get port(): number {
    return this.#port;
  }

  /** Answers stay on their way until the returned function is called; requests go through. */
  hold(): () => void {
    this.#held = true;
    for (const upstream of this.#links.values()) upstream.pause();
    return () => {
      this.#held = false;
      for (const upstream of this.#links.values()) upstream.resume();
    };
  }

  /** From now on answers arrive in pieces of this size, each by itself. */
  crumble(bytes: number): void {
    this.#crumbBytes = bytes;
  }

  /** Ends every connection of the plugin: `reset` rudely, `end` as an upstream does that says no more and listens on. */
  cut(how: 'reset' | 'end'): void {
    for (const [client, upstream] of this.#links) {
      if (how === 'end') client.end();
      else client.resetAndDestroy();
      upstream.destroy();
    }
  }

  /** Cuts everything and refuses connections, until `accept`. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    this.cut('reset');
    if (server !== undefined) await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Takes connections again, at the same port. */
  async accept(): Promise<void> {
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#link(client));
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
  }

  #link(client: Socket): void {
    const upstream = connect({ port: this.#target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.#links.set(client, upstream);
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => this.#pass(chunk, upstream, client));
    upstream.on('end', () => client.end());
    if (this.#held) upstream.pause();
    // What ends one side ends the other; a connection that was told to end waits for the plugin's own end.
    client.on('error', () => upstream.destroy());
    client.on('close', () => {
      this.#links.delete(client);
      upstream.destroy();
    });
    upstream.on('error', () => client.destroy());
    upstream.on('close', () => {
      if (!client.writableEnded) client.destroy();
    });
  }

  #pass(chunk: Buffer, upstream: Socket, client: Socket): void {
    client.write(chunk.subarray(0, this.#crumbBytes));
    if (chunk.length <= this.#crumbBytes) return;
    upstream.pause();
    setImmediate(() => {
      if (!this.#held) upstream.resume();
      this.#pass(chunk.subarray(this.#crumbBytes), upstream, client);
    });
  }
}
