import { createHash } from 'node:crypto';
import type { Capability, JsonObject, Logger, SessionFacts } from '@capstan/provider';
import { answerInput, inputKind } from './answer-input.ts';
import type { CallContext } from './call-context.ts';
import { CallsUnderWay } from './calls-under-way.ts';
import { ChangeStream } from './change-stream.ts';
import type { Connection } from './connection.ts';
import { DefinitionPins } from './discover/definition-pins.ts';
import { ElicitationCompletions } from './elicitation-completions.ts';
import { InteractiveTurns } from './interactive-turns.ts';
import { isJsonObject } from './is-record.ts';
import { LegacyTasks } from './legacy-tasks.ts';
import { logEntry } from './log-entry.ts';
import type { McpOperation } from './mcp-operation.ts';
import { ToolHeaders } from './tool-headers.ts';
import { QuestionStream } from './question-stream.ts';
import { UpstreamError } from './upstream-error.ts';
import type { PeerHandlers } from './wire/peer.ts';
import { RpcError } from './wire/wire-errors.ts';

export interface McpSessionOptions {
  /** The server, for people. */
  readonly where: string;
  readonly mode: 'auto' | 'required';
  /** Keep a stream open on which the server tells what changed. */
  readonly subscribe: boolean;
  readonly logger: Logger;
  readonly onLost: (cause: unknown) => void;
  readonly onStale: () => void;
  /** The server says that what it offers has changed. `name`: of the resource, where it says which. */
  readonly onChanged: (what: 'catalog' | 'resource' | 'prompt', name?: string) => void;
  /** What the server told for a while was not heard: nothing that is kept of its answers may be trusted. */
  readonly onGap: () => void;
}

const deleteLimitMs = 2000;
const methodNotFound = -32601;

/** One session towards one MCP server: a session of the server's, a process, or a mere record where the server keeps nothing. */
export class McpSession {
  /** Which parameters of which tool the server wants in headers. */
  readonly toolHeaders = new ToolHeaders();
  /** What persons were sent elsewhere for. */
  readonly elicitations = new ElicitationCompletions();
  readonly #options: McpSessionOptions;
  readonly #calls = new CallsUnderWay();
  readonly #turns = new InteractiveTurns();
  readonly #closing = new AbortController();
  #connection: Connection | undefined;
  #termination: Promise<void> | undefined;
  #changes: ChangeStream | undefined;
  #questions: QuestionStream | undefined;
  #pins: DefinitionPins | undefined;
  #legacyTasks: LegacyTasks | undefined;

  private constructor(options: McpSessionOptions) {
    this.#options = options;
  }

  /** `connect` opens the connection that the session will own, with the session as the one who hears the server. */
  static async open(
    options: McpSessionOptions,
    connect: (handlers: PeerHandlers) => Promise<Connection>,
  ): Promise<McpSession> {
    const session = new McpSession(options);
    session.#connection = await connect({
      onRequest: (method, params, context) => session.#answer(method, params, context),
      onNotification: (method, params, context) => session.#hear(method, params, context),
      onClose: () => {
        // Until it is open, the one who opens it hears of the end, and may try in another way.
        if (session.#connection !== undefined && session.#termination === undefined) options.onLost(connectionEnded());
      },
    });
    if (session.ended) options.onLost(connectionEnded());
    session.#subscribe();
    return session;
  }

  get connection(): Connection {
    if (this.#connection === undefined) throw new TypeError('The session is not open yet.');
    return this.#connection;
  }

  /** Closed by us or by the other side: calls would never be sent. */
  get ended(): boolean {
    return this.connection.peer.ended || this.#termination !== undefined;
  }

  get era(): 'legacy' | 'modern' {
    return this.connection.era;
  }

  /** Whether the server named a session of its own. */
  get hasSessionId(): boolean {
    return this.connection.wire.sessionId !== undefined;
  }

  /** Aborts when the session ends. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** Whether tools of a legacy server may be asked to run as tasks. */
  get mayRunTasks(): boolean {
    const { era, clientCapabilities, serverCapabilities } = this.connection;
    if (era === 'modern' || clientCapabilities['extensions'] === undefined) return false;
    return hasAt(serverCapabilities, 'tasks', 'requests', 'tools', 'call');
  }

  get legacyTasks(): LegacyTasks {
    this.#legacyTasks ??= new LegacyTasks(this.connection.peer, this.closing);
    return this.#legacyTasks;
  }

  get facts(): SessionFacts {
    const { child, wire, protocolVersion, serverName } = this.connection;
    const { sessionId } = wire;
    return {
      light: this.#options.mode === 'auto' && wire.hasStreams && sessionId === undefined && this.#changes === undefined,
      maxConcurrency: child === undefined ? 64 : 8,
      protocolVersion,
      ...(serverName === undefined ? {} : { upstreamName: serverName }),
      ...(sessionId === undefined
        ? {}
        : { upstreamSessionHash: createHash('sha256').update(sessionId).digest('hex').slice(0, 12) }),
    };
  }

  /** What has to be done before a call, where its manifest asks for it. Rejects with `DEFINITION_CHANGED`, or as the server's answers do. */
  async prepare(operation: McpOperation, capability: Capability, signal: AbortSignal): Promise<void> {
    if (operation.kind === 'resource') await this.#changes?.follow(operation.uri, signal);
    if (operation.kind !== 'tool' || operation.pin === undefined) return;
    const { logger, where } = this.#options;
    this.#pins ??= new DefinitionPins({ asks: this.connection.peer, logger, where });
    await this.#pins.check(operation, capability, signal);
  }

  /** Runs `call` as one of the session's calls, so that what the server says meanwhile finds its caller. */
  async run<T>(context: CallContext, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    const leave = this.#isAmbiguous
      ? await this.#turns.enter(context.onInputRequired !== undefined, signal)
      : undefined;
    try {
      // A stream of changes is the same one.
      if (context.onInputRequired !== undefined && this.#changes === undefined)
        await (this.#questions ??= new QuestionStream(this.connection, this.closing)).open();
      signal.throwIfAborted();
      this.#calls.begin(context);
      return await call();
    } finally {
      this.#calls.end(context, signal.aborted);
      leave?.();
    }
  }

  /** Hears what a legacy server says unasked, as long as a call of this caller needs it. What is returned ends that. */
  listenMeanwhile(context: CallContext): () => Promise<void> {
    if (this.#changes !== undefined || this.#questions?.isOpen === true || this.era === 'modern')
      return async () => undefined;
    const enough = new AbortController();
    const signal = AbortSignal.any([enough.signal, this.closing]);
    // Without such a stream the call still goes on: the server may have no need of it.
    const listening = this.connection.wire.listen(context, signal).catch(() => undefined);
    return async () => {
      enough.abort();
      await listening;
    };
  }

  markStale(): void {
    if (!this.ended) this.#options.onStale();
  }

  /** Asks the server for a sign of life. */
  async validate(signal: AbortSignal, timeoutMs: number): Promise<void> {
    const { peer, era } = this.connection;
    await peer.request(era === 'modern' ? 'server/discover' : 'ping', undefined, { signal, timeoutMs });
  }

  /** Ends the session at the server (2 s at most), then here. The second time, the same promise. Rejects if the server did not confirm. */
  terminate(): Promise<void> {
    this.#termination ??= this.#terminate();
    return this.#termination;
  }

  async #terminate(): Promise<void> {
    const { peer, wire, child } = this.connection;
    this.#closing.abort();
    this.#pins?.close();
    try {
      await this.#changes?.ended();
      await this.#questions?.ended();
      if (!peer.ended) await wire.endSession(undefined, AbortSignal.timeout(deleteLimitMs));
      await child?.end();
    } catch (error) {
      throw new UpstreamError(
        'UPSTREAM_ERROR',
        `${this.#options.where} did not confirm the end of the session.`,
        { kind: 'transient', sent: true },
        { details: { server: this.#options.where }, cause: error },
      );
    } finally {
      await peer.close();
    }
  }

  /** On one stream for all calls a legacy server's question names none of them: certain only while an asking call has it for itself. */
  get #isAmbiguous(): boolean {
    const { wire, era, clientCapabilities } = this.connection;
    if (wire.hasStreams || era === 'modern') return false;
    const { elicitation, sampling, roots } = clientCapabilities;
    return elicitation !== undefined || sampling !== undefined || roots !== undefined;
  }

  /** Over HTTP a message comes on the stream of its call; else it is certain only while one call runs. */
  #contextOf(context: CallContext | undefined): CallContext | undefined {
    return context !== undefined || this.#connection?.wire.hasStreams !== false ? context : this.#calls.only;
  }

  async #answer(method: string, params: JsonObject, context: CallContext | undefined): Promise<JsonObject> {
    const kind = inputKind(method);
    if (this.#connection?.clientCapabilities[kind] === undefined)
      throw new RpcError(methodNotFound, `This client does not answer ${method}.`);
    const request = { kind, params };
    const task = this.#legacyTasks?.find(params);
    if (task !== undefined) return task.ask(request);
    const asked = context ?? this.#calls.only;
    // Once it may be about a call of somebody else's, nobody is asked in this session any more.
    if (asked === undefined && this.#calls.someWereGivenUp) this.markStale();
    return answerInput(request, asked);
  }

  #subscribe(): void {
    if (!this.#options.subscribe) return;
    const { connection, closing: signal } = this;
    const onGap = (): void => {
      this.#toolsChanged();
      this.#options.onGap();
    };
    this.#changes = new ChangeStream({ connection, signal, onGap });
  }

  #toolsChanged(): void {
    this.toolHeaders.forget();
    this.#pins?.forget();
    this.#legacyTasks?.forgetTools();
  }

  #hear(method: string, params: JsonObject, context: CallContext | undefined): void {
    switch (method) {
      case 'notifications/message':
        this.#contextOf(context)?.onLog?.(logEntry(params));
        return;
      case 'notifications/tools/list_changed':
        this.#toolsChanged();
        this.#options.onChanged('catalog');
        return;
      case 'notifications/resources/list_changed':
        this.#options.onChanged('catalog');
        return;
      case 'notifications/prompts/list_changed':
        this.#options.onChanged('prompt');
        return;
      case 'notifications/resources/updated': {
        const { uri } = params;
        this.#options.onChanged('resource', ...(typeof uri === 'string' ? [uri] : []));
        return;
      }
      case 'notifications/subscriptions/acknowledged':
        this.#changes?.acknowledge(params);
        return;
      case 'notifications/elicitation/complete': {
        const { elicitationId } = params;
        if (typeof elicitationId === 'string') this.elicitations.complete(elicitationId);
      }
    }
  }
}

function connectionEnded(): Error {
  return new Error('The connection ended.');
}

function hasAt(value: JsonObject, ...path: readonly string[]): boolean {
  let current: JsonObject | undefined = value;
  for (const name of path) {
    const next: unknown = current[name];
    current = isJsonObject(next) ? next : undefined;
    if (current === undefined) return false;
  }
  return true;
}
