import type { Cancellation } from '@capstan/http-egress';
import type { CallContext } from '../call-context.ts';
import type { RpcMessage } from './json-rpc.ts';

export interface SendOptions {
  /** Whose credentials the message carries. */
  readonly context?: CallContext | undefined;
  /** Ends what the message began, where it has a stream of its own. */
  readonly signal?: Cancellation | undefined;
  /** Over HTTP, beside the connection's own. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Takes what comes on the message's own stream, where it has one. */
  readonly deliver?: ((message: RpcMessage) => void) | undefined;
  /** A stream that breaks before its answer may be taken up again. */
  readonly resumable?: boolean | undefined;
  /** Its stream is open for as long as the session. */
  readonly lasting?: boolean | undefined;
  /** Of one message of the answer, decoded. */
  readonly maxBytes?: number | undefined;
}

/** Carries messages to one server and back. Knows nothing of what they mean. */
export interface Wire {
  /** Every request has a stream of its own: its end without an answer is the end of the request. */
  readonly hasStreams: boolean;
  /** Of a session that the server issued. */
  readonly sessionId: string | undefined;
  /** What comes on no request's own stream. */
  onmessage?: ((message: RpcMessage) => void) | undefined;
  /** Called once, when nothing can come any more. `failure`: why, where the connection was given up for something that came. */
  onclose?: ((failure?: Error) => void) | undefined;
  /** Rejects with the signal's reason where it aborts first; the wire is to be closed then. */
  start(signal: AbortSignal): Promise<void>;
  /** With streams: resolves when the message's stream has ended. Without: when the message is written. */
  send(message: RpcMessage, options?: SendOptions): Promise<void>;
  /** The revision that both sides agreed on. */
  setProtocolVersion(version: string): void;
  /** Ends the session at the server, where there is one. */
  endSession(context: CallContext | undefined, signal: AbortSignal): Promise<void>;
  /**
   * Keeps a stream for what the server says unasked (legacy). Resolves when it has none, or `signal` aborts. `onGap`: the stream was lost and
   * is open again, so something may have gone unheard. `onOpen`: it is open, each time.
   */
  listen(context: CallContext | undefined, signal: AbortSignal, onGap?: () => void, onOpen?: () => void): Promise<void>;
  close(): Promise<void>;
}
