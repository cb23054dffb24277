import { createHash } from 'node:crypto';
import { SdkHttpError } from '@modelcontextprotocol/client';
import type { LogEntry, LogLevel, SessionFacts } from '@capstan/provider';
import type { CallContext, CallContexts } from './call-context.ts';
import type { Connection } from './connection.ts';
import { UpstreamError } from './upstream-error.ts';

export interface McpSessionOptions {
  /** The server, for people. */
  readonly where: string;
  readonly connection: Connection;
  readonly contexts: CallContexts;
  readonly mode: 'auto' | 'required';
  readonly onLost: (cause: unknown) => void;
  readonly onStale: () => void;
}

const deleteLimitMs = 2000;

/** One session towards one MCP server: a session of the server's, a process, or a mere record where the server keeps nothing. */
export class McpSession {
  readonly #where: string;
  readonly #connection: Connection;
  readonly #contexts: CallContexts;
  readonly #mode: 'auto' | 'required';
  readonly #onStale: () => void;
  readonly #inFlight = new Set<CallContext>();
  #ended = false;
  #termination: Promise<void> | undefined;

  constructor({ where, connection, contexts, mode, onLost, onStale }: McpSessionOptions) {
    this.#where = where;
    this.#connection = connection;
    this.#contexts = contexts;
    this.#mode = mode;
    this.#onStale = onStale;
    const { client } = connection;
    client.setNotificationHandler('notifications/message', ({ params }) => this.#deliver(params));
    client.onclose = () => {
      this.#ended = true;
      if (this.#termination === undefined) onLost(new Error('The connection ended.'));
    };
  }

  get connection(): Connection {
    return this.#connection;
  }

  /** Closed by us or by the other side: calls would never be sent. */
  get ended(): boolean {
    return this.#ended;
  }

  get era(): 'legacy' | 'modern' | undefined {
    return this.#connection.client.getProtocolEra();
  }

  /** Whether the server named a session of its own. */
  get hasSessionId(): boolean {
    return this.#sessionId !== undefined;
  }

  get facts(): SessionFacts {
    const { client, child } = this.#connection;
    const protocolVersion = client.getNegotiatedProtocolVersion();
    const upstreamName = client.getServerVersion()?.name;
    const sessionId = this.#sessionId;
    return {
      light: this.#mode === 'auto' && child === undefined && sessionId === undefined,
      maxConcurrency: child === undefined ? 64 : 8,
      ...(protocolVersion === undefined ? {} : { protocolVersion }),
      ...(upstreamName === undefined ? {} : { upstreamName }),
      ...(sessionId === undefined
        ? {}
        : { upstreamSessionHash: createHash('sha256').update(sessionId).digest('hex').slice(0, 12) }),
    };
  }

  /** Runs `call` as one of the session's calls, so that what the server logs meanwhile finds its caller. */
  async run<T>(context: CallContext, call: () => Promise<T>): Promise<T> {
    this.#inFlight.add(context);
    try {
      return await call();
    } finally {
      this.#inFlight.delete(context);
    }
  }

  markStale(): void {
    if (!this.#ended) this.#onStale();
  }

  /** Asks the server for a sign of life. */
  async validate(signal: AbortSignal, timeoutMs: number): Promise<void> {
    const { client } = this.#connection;
    await (this.era === 'modern'
      ? client.discover({ signal, timeout: timeoutMs })
      : client.ping({ signal, timeout: timeoutMs }));
  }

  /** Ends the session at the server (2 s at most), then here. The second time, the same promise. Rejects if the server did not confirm. */
  terminate(): Promise<void> {
    this.#termination ??= this.#terminate();
    return this.#termination;
  }

  async #terminate(): Promise<void> {
    const { client, child } = this.#connection;
    try {
      if (!this.#ended) await this.#endAtServer();
      await child?.end();
    } catch (error) {
      throw new UpstreamError(
        'UPSTREAM_ERROR',
        `${this.#where} did not confirm the end of the session.`,
        { kind: 'transient', sent: true },
        { details: { server: this.#where }, cause: error },
      );
    } finally {
      await client.close();
      this.#ended = true;
    }
  }

  async #endAtServer(): Promise<void> {
    const { http } = this.#connection;
    if (http === undefined || !this.hasSessionId) return;
    const limit = Promise.withResolvers<never>();
    const timer = setTimeout(() => limit.reject(new Error('No answer to DELETE.')), deleteLimitMs);
    try {
      // The SDK takes 405 for an answer: such a server ends its sessions by itself.
      await Promise.race([http.terminateSession(), limit.promise]);
    } catch (error) {
      if (!(error instanceof SdkHttpError && error.status === 404)) throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  get #sessionId(): string | undefined {
    const id = this.#connection.http?.sessionId;
    return id === '' ? undefined : id;
  }

  #deliver(params: { readonly level: string; readonly logger?: string | undefined; readonly data?: unknown }): void {
    const context = this.#contextOfNotification();
    if (context?.onLog === undefined) return;
    const { onLog } = context;
    const entry = {
      level: logLevels[params.level] ?? 'info',
      ...(params.logger === undefined ? {} : { logger: params.logger }),
      data: (params.data ?? null) as LogEntry['data'],
    };
    this.#contexts.run(undefined, () => onLog(entry));
  }

  /** Over HTTP a message comes on the stream of its call. A process has one stream for all: certain only while one call runs. */
  #contextOfNotification(): CallContext | undefined {
    if (this.#connection.child === undefined) return this.#contexts.getStore();
    const [only, ...others] = this.#inFlight;
    return others.length === 0 ? only : undefined;
  }
}

const logLevels: Readonly<Record<string, LogLevel>> = {
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warning: 'warning',
  error: 'error',
  critical: 'error',
  alert: 'error',
  emergency: 'error',
};
