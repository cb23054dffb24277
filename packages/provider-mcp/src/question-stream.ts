import type { Connection } from './connection.ts';
import { pause } from './wire/pause.ts';

const openLimitMs = 1000;

/**
 * The GET stream of a legacy session over HTTP: many servers put what they ask during a call there, and not on the stream of the call
 * (2025-11-25, "Listening for Messages from the Server"). Opened when the first call comes that could answer, ended with the session.
 */
export class QuestionStream {
  readonly #connection: Connection;
  /** The session's. */
  readonly #signal: AbortSignal;
  #opened: Promise<void> | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(connection: Connection, signal: AbortSignal) {
    this.#connection = connection;
    this.#signal = signal;
  }

  /** The server has one such stream for a session: nobody else may ask for it then. */
  get isOpen(): boolean {
    return this.#opened !== undefined;
  }

  /** Resolves once the server can ask, or has no such stream, after 1 s at the latest. */
  open(): Promise<void> {
    this.#opened ??= this.#isWorthwhile ? this.#open() : Promise.resolve();
    return this.#opened;
  }

  async ended(): Promise<void> {
    await this.#running;
  }

  get #isWorthwhile(): boolean {
    const { wire, era, clientCapabilities } = this.#connection;
    // Without a session the server could not tell whose stream it is.
    if (era === 'modern' || !wire.hasStreams || wire.sessionId === undefined) return false;
    const { elicitation, sampling, roots } = clientCapabilities;
    return elicitation !== undefined || sampling !== undefined || roots !== undefined;
  }

  async #open(): Promise<void> {
    const opened = Promise.withResolvers<void>();
    const enough = new AbortController();
    const limit = pause(openLimitMs, AbortSignal.any([this.#signal, enough.signal]));
    this.#running = this.#connection.wire
      .listen(undefined, this.#signal, undefined, opened.resolve)
      .catch(() => undefined);
    await Promise.race([opened.promise, this.#running, limit]);
    enough.abort();
  }
}
