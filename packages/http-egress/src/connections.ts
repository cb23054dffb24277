import { Socket } from 'node:net';
import type { buildConnector as Connectors, Dispatcher, Pool as PoolType } from 'undici';
import type { AddressGuard } from './address-guard.ts';
import type { UrlTrust } from './egress.ts';
import type { ExchangeQueue } from './exchange.ts';
import { Agent, buildConnector, Pool } from './undici-core.ts';

const connectionsPerOrigin: Readonly<Record<ConnectionKind, number>> = {
  ordinary: 32,
  urgent: 4,
  lasting: 1_024,
  websocket: 1_024,
};
/** After this long connections take no new requests, so that names are resolved and checked again. */
const connectionTtlMs = 5 * 60_000;
const maxOrigins = 1_000;
const connectTimeoutMs = 10_000;
/** For idle connections whose server says nothing; most close theirs after 60 s or more, and those that do so earlier usually say it. */
const keepAliveMs = 30_000;
/**
 * For each origin. Undici cannot take a request out of its queue again: one that was given up stays until a connection is free, which may be never
 * where streams hold them all.
 */
const maxQueued = 1_024;
const maxHeaderBytes = 16 * 1024;

/**
 * What requests are for: each kind has connections of its own, so that none waits for another. `urgent`: few. `lasting`: streams that hold theirs.
 * `websocket`: HTTP/1.1 only, and ended by `close` after they were upgraded too.
 */
export type ConnectionKind = 'ordinary' | 'urgent' | 'lasting' | 'websocket';

/**
 * The connections for URLs of one trust. They are not shared between trusts: a connection that a declared URL may have to a private address must
 * not serve a derived one.
 */
export class Connections implements ExchangeQueue {
  readonly #guard: AddressGuard;
  readonly #trust: UrlTrust;
  readonly #kind: ConnectionKind;
  /** Replaced as a whole: undici's own limit on a connection's age is looked at for every connection at every request. */
  #agent: InstanceType<typeof Agent>;
  #agentSince = Date.now();
  /** No longer used for new requests; gone when their last one is answered. */
  readonly #retired = new Set<InstanceType<typeof Agent>>();
  readonly #connecting = new Set<Socket>();
  /** Undici lets go of a connection that is upgraded. */
  readonly #upgradable = new Set<Socket>();
  /** Requests by origin that have no connection yet. */
  readonly #queued = new Map<string, number>();

  constructor(guard: AddressGuard, trust: UrlTrust, kind: ConnectionKind) {
    this.#guard = guard;
    this.#trust = trust;
    this.#kind = kind;
    this.#agent = this.#createAgent();
  }

  #createAgent(): InstanceType<typeof Agent> {
    return new Agent({
      maxOrigins,
      connections: connectionsPerOrigin[this.#kind],
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: maxHeaderBytes,
      ...(this.#kind === 'websocket' ? { allowH2: false } : {}),
      // The caller's signal is the limit of a request.
      headersTimeout: 0,
      bodyTimeout: 0,
      factory: (origin, options: PoolType.Options) =>
        new Pool(origin, { ...options, connect: this.#connector(new URL(String(origin))) }),
    });
  }

  /** Takes a place in the queue of an origin. False: the queue is full. */
  enter(origin: string): boolean {
    const queued = this.#queued.get(origin) ?? 0;
    if (queued >= maxQueued) return false;
    this.#queued.set(origin, queued + 1);
    return true;
  }

  leave(origin: string): void {
    const queued = this.#queued.get(origin) ?? 0;
    if (queued > 1) this.#queued.set(origin, queued - 1);
    else this.#queued.delete(origin);
  }

  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    if (Date.now() - this.#agentSince > connectionTtlMs) this.#renew();
    this.#agent.dispatch(options, handler);
  }

  /** Ends all connections, those being made included. Requests under way fail with `reason`. */
  async close(reason: Error): Promise<void> {
    const destroyed = [this.#agent, ...this.#retired].map((agent) => agent.destroy(reason));
    for (const socket of [...this.#connecting, ...this.#upgradable]) socket.destroy(reason);
    await Promise.all(destroyed);
  }

  #renew(): void {
    const retired = this.#agent;
    this.#retired.add(retired);
    // Destroyed meanwhile, it is gone all the same.
    const forget = (): void => void this.#retired.delete(retired);
    retired.close().then(forget, forget);
    this.#agent = this.#createAgent();
    this.#agentSince = Date.now();
  }

  #connector(origin: URL): Connectors.connector {
    const connect = buildConnector({
      lookup: this.#guard.lookupFor(origin, this.#trust),
      timeout: connectTimeoutMs,
      allowH2: this.#kind !== 'websocket',
    });
    return (options, callback) => {
      let isOver = false;
      // It returns the socket, though its type does not say so.
      const socket: unknown = connect(options, (...result) => {
        isOver = true;
        if (socket instanceof Socket) this.#connecting.delete(socket);
        callback(...result);
      });
      if (!(socket instanceof Socket)) return;
      if (!isOver) this.#connecting.add(socket);
      if (this.#kind !== 'websocket') return;
      this.#upgradable.add(socket);
      socket.once('close', () => this.#upgradable.delete(socket));
    };
  }
}
