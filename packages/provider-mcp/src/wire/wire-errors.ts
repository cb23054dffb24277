import type { JsonValue } from '@capstan/provider';

/** The server answered with a JSON-RPC error. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  readonly code: number;
  readonly data: JsonValue | undefined;

  constructor(code: number, message: string, data?: JsonValue) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/** The server refused over HTTP, before or instead of JSON-RPC. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly status: number;
  /** The beginning of the body. */
  readonly body: string;
  /** `WWW-Authenticate`, where there was one. */
  readonly challenge: string | undefined;

  constructor(status: number, body: string, challenge?: string) {
    super(`HTTP ${status}`);
    this.status = status;
    this.body = body;
    this.challenge = challenge;
  }
}

/** An answer came, but not one of this protocol. */
export class ForeignAnswer extends Error {
  override readonly name = 'ForeignAnswer';
}

/** A result that is not what the protocol says of its kind. */
export class MalformedResult extends Error {
  override readonly name = 'MalformedResult';
}

/** A message is larger than it may be. */
export class MessageTooLarge extends Error {
  override readonly name = 'MessageTooLarge';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`The answer has more than ${maxBytes} bytes.`);
    this.maxBytes = maxBytes;
  }
}

/** Neither answer nor progress came in time. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** The stream of a request ended without its answer. */
export class StreamEnded extends Error {
  override readonly name = 'StreamEnded';
}

/** The connection ended. `sent`: while the request was under way. */
export class ConnectionEnded extends Error {
  override readonly name = 'ConnectionEnded';
  readonly sent: boolean;

  constructor(sent: boolean, cause?: unknown) {
    super('The connection ended.', cause === undefined ? {} : { cause });
    this.sent = sent;
  }
}
