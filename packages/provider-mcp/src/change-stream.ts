import type { JsonObject } from '@capstan/provider';
import type { Connection } from './connection.ts';
import { isJsonObject } from './is-record.ts';
import { UpstreamBusy } from './upstream-busy.ts';
import { pause } from './wire/pause.ts';
import { ConnectionEnded, HttpRefusal, RpcError } from './wire/wire-errors.ts';

export interface ChangeStreamOptions {
  readonly connection: Connection;
  /** The session's: ends the stream. */
  readonly signal: AbortSignal;
  /** The stream is open again: what changed in between was not heard. */
  readonly onGap: () => void;
}

const firstPauseMs = 1000;
const pauseFactor = 1.5;
const longestPauseMs = 30_000;
const acknowledgeLimitMs = 5000;
const mostResources = 1000;

/**
 * Keeps a stream open on which a server tells what changed: the GET stream of a legacy session, `subscriptions/listen` towards a modern
 * server (2026-07-28, "Subscriptions"). A stream that is lost is opened again. Over stdio a legacy server tells it unasked.
 */
export class ChangeStream {
  readonly #options: ChangeStreamOptions;
  readonly #resources = new Set<string>();
  /** Of the stream under way: ends it, so that the next one asks for more. */
  #renewal = new AbortController();
  #acknowledged = Promise.withResolvers<void>();
  #acknowledgements = 0;
  #honorsNothing = false;
  #running: Promise<void> | undefined;

  constructor(options: ChangeStreamOptions) {
    this.#options = options;
    this.#start();
  }

  /** Resolves when the stream is given up, at the latest after the signal aborted. */
  async ended(): Promise<void> {
    await this.#running;
  }

  /** Also asks for the changes of a resource. Resolves when the server knows, or does not tell such changes. */
  async follow(uri: string, signal: AbortSignal): Promise<void> {
    if (this.#resources.has(uri) || this.#resources.size >= mostResources || !this.#declares('resources', 'subscribe'))
      return;
    this.#resources.add(uri);
    const { peer, era } = this.#options.connection;
    if (era === 'legacy') {
      const subscribed = peer.request('resources/subscribe', { uri }, { timeoutMs: acknowledgeLimitMs, signal });
      await subscribed.catch((error: unknown) => {
        this.#resources.delete(uri);
        // The resource can be read all the same.
        if (!(error instanceof RpcError)) throw error;
      });
      return;
    }
    const { resolve } = this.#acknowledged;
    this.#acknowledged = Promise.withResolvers();
    // Whoever waits for the stream before waits for this one, which asks for more.
    void this.#acknowledged.promise.then(resolve);
    this.#renewal.abort();
    this.#start();
    const enough = new AbortController();
    const limit = pause(acknowledgeLimitMs, AbortSignal.any([signal, this.#options.signal, enough.signal]));
    await Promise.race([this.#acknowledged.promise, limit]);
    enough.abort();
  }

  /** `notifications/subscriptions/acknowledged`: what the server will tell. */
  acknowledge({ notifications }: JsonObject): void {
    this.#honorsNothing =
      notifications !== undefined && isJsonObject(notifications) && Object.keys(notifications).length === 0;
    this.#acknowledgements += 1;
    if (this.#acknowledgements > 1) this.#options.onGap();
    this.#acknowledged.resolve();
  }

  #start(): void {
    if (this.#running !== undefined) return;
    this.#running = this.#keepOpen().finally(() => {
      this.#running = undefined;
      this.#acknowledged.resolve();
    });
  }

  #keepOpen(): Promise<void> {
    const { connection, signal, onGap } = this.#options;
    if (connection.era === 'modern') return this.#listen();
    return connection.wire.listen(undefined, signal, onGap);
  }

  async #listen(): Promise<void> {
    const { connection, signal } = this.#options;
    for (let failures = 0; !signal.aborted;) {
      const notifications = this.#filter();
      if (Object.keys(notifications).length === 0) return;
      const renewal = new AbortController();
      this.#renewal = renewal;
      const openedAt = Date.now();
      let retryAfterMs: number | undefined;
      try {
        await connection.peer.request(
          'subscriptions/listen',
          { notifications },
          { timeoutMs: Infinity, lasting: true, signal: AbortSignal.any([signal, renewal.signal]) },
        );
        if (this.#honorsNothing) return;
      } catch (error) {
        if (renewal.signal.aborted) continue;
        if (signal.aborted || isFinal(error)) return;
        if (error instanceof UpstreamBusy) retryAfterMs = error.retryAfterMs;
      }
      if (Date.now() - openedAt > longestPauseMs) failures = 0;
      const pauseMs = Math.min(firstPauseMs * pauseFactor ** failures, longestPauseMs);
      failures += 1;
      await pause(
        Math.max(pauseMs, Math.min(retryAfterMs ?? 0, longestPauseMs)),
        AbortSignal.any([signal, renewal.signal]),
      );
    }
  }

  /** All that the server says it can tell, and nothing that it cannot. */
  #filter(): JsonObject {
    return {
      ...(this.#declares('tools', 'listChanged') ? { toolsListChanged: true } : {}),
      ...(this.#declares('prompts', 'listChanged') ? { promptsListChanged: true } : {}),
      ...(this.#declares('resources', 'listChanged') ? { resourcesListChanged: true } : {}),
      ...(this.#resources.size === 0 ? {} : { resourceSubscriptions: [...this.#resources] }),
    };
  }

  #declares(offer: string, ability: string): boolean {
    const declared = this.#options.connection.serverCapabilities[offer];
    return declared !== undefined && isJsonObject(declared) && declared[ability] === true;
  }
}

/** The server will say the same next time. */
function isFinal(error: unknown): boolean {
  if (error instanceof HttpRefusal) return error.status < 500 && error.status !== 408;
  return error instanceof RpcError || error instanceof ConnectionEnded;
}
