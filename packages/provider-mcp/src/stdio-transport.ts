import type { JSONRPCMessage, Transport } from '@modelcontextprotocol/client';
import type { CapstanError, SecretSource } from '@capstan/provider';
import type { CallContext } from './call-context.ts';
import type { StdioTarget } from './mcp-target.ts';
import { OutputTail } from './output-tail.ts';
import { readStdioCommand, type StdioCommand } from './stdio-command.ts';
import { drained } from './stdio-drain.ts';
import { StdioLineReader } from './stdio-line-reader.ts';
import { parseStdioMessage } from './stdio-message.ts';
import { StdioProcess } from './stdio-process.ts';
import { UpstreamError } from './upstream-error.ts';
import { ConnectionEnded } from './wire/wire-errors.ts';

export interface StdioChild {
  readonly transport: Transport;
  /** Null before the start, and where there was none. */
  readonly pid: number | null;
  /** Why we ended the connection, where it was neither wished nor the server's doing. */
  readonly failure: CapstanError | undefined;
  /** Settles when the process, all that it started in its group, and its streams have ended. */
  readonly closed: Promise<void>;
  /** Asks the process to end, then makes it. Rejects if it still runs after that. */
  end(): Promise<void>;
  /** What it last wrote to its standard error, which is read all the time so that it never waits for us. */
  lastLines(count: number): Promise<readonly string[]>;
}

export interface StdioTransportOptions {
  readonly target: StdioTarget;
  readonly secrets: SecretSource;
  readonly opener: CallContext;
  /** Of one message from the server. Default 16 MiB. */
  readonly maxMessageBytes?: number;
}

/** Prepares a process; the transport starts it. No shell; its environment is a short list of harmless variables and what `mcp_env` names. */
export async function createStdioTransport(options: StdioTransportOptions): Promise<StdioChild> {
  const { target, secrets, opener, maxMessageBytes } = options;
  const command = await readStdioCommand(target, secrets, opener);
  const transport = new StdioTransport(command, maxMessageBytes === undefined ? {} : { maxMessageBytes });
  return {
    transport,
    get pid() {
      return transport.pid;
    },
    get failure() {
      return transport.failure;
    },
    closed: transport.closed,
    end: () => transport.end(),
    // The stream of a process that never ran does not end.
    lastLines: async (count) => (transport.pid === null ? [] : transport.stderr.lastLines(count, 500)),
  };
}

/**
 * JSON-RPC messages, one a line, on the standard streams of a process of its own. What is no message is skipped and told to `onerror`.
 * `onclose` is called once: when the process or its output has ended, and all that it wrote before was delivered.
 */
export class StdioTransport implements Transport {
  readonly stderr = new OutputTail({ maxBytes: 65_536 });
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: Transport['onmessage'];
  readonly closed: Promise<void>;
  readonly #markClosed: () => void;
  readonly #command: StdioCommand;
  readonly #maxMessageBytes: number;
  readonly #lines: StdioLineReader;
  #starting: Promise<StdioProcess> | undefined;
  #process: StdioProcess | undefined;
  #ending: Promise<void> | undefined;
  #disconnected = false;
  #failure: CapstanError | undefined;

  constructor(command: StdioCommand, options: { readonly maxMessageBytes?: number } = {}) {
    this.#command = command;
    this.#maxMessageBytes = options.maxMessageBytes ?? 16_777_216;
    this.#lines = new StdioLineReader({ maxBytes: this.#maxMessageBytes });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#markClosed = resolve;
  }

  get pid(): number | null {
    return this.#process?.pid ?? null;
  }

  get failure(): CapstanError | undefined {
    return this.#failure;
  }

  /** Rejects with the system's own error. */
  async start(): Promise<void> {
    if (this.#starting !== undefined || this.#ending !== undefined)
      throw new Error('A transport is started once. The client does it on connect.');
    this.#starting = StdioProcess.start(this.#command);
    try {
      this.#process = await this.#starting;
    } catch (error) {
      this.#disconnect();
      throw error;
    }
    this.#attach(this.#process);
  }

  /** Resolves when the line is with the system, in order and behind all before it. Rejects with `ConnectionEnded` where the server cannot have got it. */
  send(message: JSONRPCMessage): Promise<void> {
    return new Promise((resolve, reject) => {
      const stdin = this.#process?.stdin;
      if (stdin === undefined || this.#disconnected || !stdin.writable) throw new ConnectionEnded(false, this.#failure);
      stdin.write(`${JSON.stringify(message)}\n`, (error) => {
        if (error) reject(new ConnectionEnded(false, error));
        else resolve();
      });
    });
  }

  /** As `end`, but never rejects: a process that does not end is told to `onerror`. */
  async close(): Promise<void> {
    await this.end().catch((error: Error) => this.onerror?.(error));
  }

  /** Resolves when the process, all that it started in its group, and its streams have ended; 4 s at most where it obeys signals at all. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    const process = await this.#starting?.catch(() => undefined);
    try {
      await process?.end();
      // Somebody who left the group may still hold the other ends.
      if (process !== undefined) await Promise.all([drained(process.stdout), drained(process.stderr)]);
    } finally {
      this.#disconnect();
      process?.stderr.destroy();
      this.#markClosed();
    }
  }

  #attach(process: StdioProcess): void {
    this.stderr.drain(process.stderr);
    process.stdout.on('data', (chunk: Buffer) => this.#read(chunk));
    process.stdout.on('error', (error) => this.onerror?.(error));
    process.stdout.once('close', () => this.#disconnect());
    void process.exited.then(async () => {
      await drained(process.stdout);
      this.#disconnect();
    });
  }

  #read(chunk: Buffer): void {
    if (this.#disconnected || this.#lines.push(chunk, (line) => this.#deliver(line))) return;
    this.#failure = new UpstreamError(
      'OUTPUT_INVALID',
      `The process wrote a message of more than ${this.#maxMessageBytes} bytes; the connection was ended.`,
      { kind: 'caller', sent: true },
      { details: { maxMessageBytes: this.#maxMessageBytes } },
    );
    this.onerror?.(this.#failure);
    this.#disconnect();
  }

  #deliver(line: string): void {
    if (this.#disconnected || line.trim() === '') return;
    try {
      this.onmessage?.(parseStdioMessage(line) as JSONRPCMessage);
    } catch (error) {
      this.onerror?.(error instanceof Error ? error : new Error('A message could not be handled.', { cause: error }));
    }
  }

  /** Nothing comes in or goes out from here on, so the process has no more use, if it still runs. */
  #disconnect(): void {
    if (this.#disconnected) return;
    this.#disconnected = true;
    this.#process?.stdout.destroy();
    this.#process?.stdin.destroy();
    void this.close();
    this.onclose?.();
  }
}
