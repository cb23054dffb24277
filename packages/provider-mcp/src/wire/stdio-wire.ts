import type { JSONRPCMessage } from '@modelcontextprotocol/client';
import type { StdioChild } from '../stdio-transport.ts';
import type { RpcMessage } from './json-rpc.ts';
import type { Wire } from './wire.ts';

/** A process on its standard streams: one for all messages, so nothing says which call a message belongs to. */
export class StdioWire implements Wire {
  readonly hasStreams = false;
  readonly sessionId = undefined;
  onmessage?: (message: RpcMessage) => void;
  onclose?: (failure?: Error) => void;
  readonly #child: StdioChild;

  constructor(child: StdioChild) {
    this.#child = child;
  }

  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { transport } = this.#child;
    transport.onmessage = (message) => this.onmessage?.(message as RpcMessage);
    transport.onclose = () => this.onclose?.(this.#child.failure);
    await transport.start();
  }

  setProtocolVersion(): void {
    // Told in the messages themselves.
  }

  async send(message: RpcMessage): Promise<void> {
    try {
      await this.#child.transport.send(message as JSONRPCMessage);
    } catch (error) {
      throw this.#child.failure ?? error;
    }
  }

  async endSession(): Promise<void> {
    // The session is the process.
  }

  async listen(): Promise<void> {
    // Everything comes on the one stream that is open anyway.
  }

  close(): Promise<void> {
    return this.#child.transport.close();
  }
}
