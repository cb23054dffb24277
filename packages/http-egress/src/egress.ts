import type { WebSocket } from 'undici';
import type { EgressPolicy } from '@capstan/provider';
import type { AddressLookup } from './address-guard.ts';
import type { EgressError } from './egress-error.ts';

/** Who named a URL: `declared` stands in a manifest or in the operator's configuration; `derived` came from a document, a redirect or an answer. */
export type UrlTrust = 'declared' | 'derived';

/** What is used of an `AbortSignal`: one fits, and so does something lighter. */
export interface Cancellation {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: CancellationListener): void;
  removeEventListener(type: 'abort', listener: CancellationListener): void;
}

/** An object, so that listening needs no function of its own. */
export interface CancellationListener {
  handleEvent(): void;
}

export interface EgressRequest {
  readonly url: URL;
  readonly trust: UrlTrust;
  /** Default GET. */
  readonly method?: string;
  /** A frozen object is checked only once. Names in any case. `host`, `content-length` and hop-by-hop names are refused. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Default `same_origin`. */
  readonly redirect?: 'none' | 'same_origin';
  /** Decoded bytes of the answer's body, at most. Default 16 MiB. `Infinity` for a stream whose reader bounds each message. */
  readonly maxBytes?: number;
  readonly signal?: Cancellation;
  /** Allows plain http beyond loopback. Default false. */
  readonly allowInsecure?: boolean;
  /** Goes over a few connections of its own: for what others, that may hold all the rest, wait for. Default false. */
  readonly urgent?: boolean;
  /** Goes over connections of its own, up to 1024: a stream that lasts for days must not hold one that calls wait for. Default false. */
  readonly lasting?: boolean;
}

/** An answer whose body is read once, in one of three ways. */
export interface EgressStream {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** After redirects. */
  readonly url: URL;
  /** The whole body. `maxBytes` narrows the request's own. */
  text(maxBytes?: number): Promise<string>;
  /** Hands out each chunk as it comes; resolves at the end of the body, rejects where it breaks, is too large or the signal aborts. */
  read(onChunk: (chunk: Uint8Array) => void): Promise<void>;
  /** Gives the rest of the body up. */
  cancel(): void;
}

export interface EgressOptions {
  readonly policy?: EgressPolicy;
  /** How names are resolved. Its answers are checked like those of the default, `lookup` of `node:dns`. */
  readonly lookup?: AddressLookup;
}

export interface WebSocketRules extends Pick<EgressRequest, 'trust' | 'allowInsecure'> {
  /** Of each handshake; names and values are checked as those of requests. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Unpacked bytes of one message, at most; a larger one ends the connection. Default 16 MiB. */
  readonly maxMessageBytes?: number;
  /** Told why a handshake failed, before the `error` and `close` events, which do not say it. */
  readonly onHandshakeFailure?: (failure: HandshakeFailure) => void;
}

/** `status`: the upstream answered with this one rather than to agree. `error`: it did not answer. */
export type HandshakeFailure = { readonly status: number } | { readonly error: EgressError };

/** The one way out over HTTP. */
export interface Egress {
  /** One attempt, never a retry; the hot path of every provider: no WHATWG objects. */
  request(request: EgressRequest): Promise<EgressStream>;
  /** A function in the shape of the platform's `fetch`, for libraries that want one, under the same rules. */
  fetchAs(rules: Pick<EgressRequest, 'trust' | 'redirect' | 'maxBytes' | 'allowInsecure'>): typeof globalThis.fetch;
  /**
   * A class in the shape of the platform's `WebSocket`, under the same guard, for libraries that want one. Redirects are not followed, and what the caller
   * says of dispatchers and headers is ignored. Its constructor throws `EgressError`. Loads the rest of undici.
   */
  webSocketAs(rules: WebSocketRules): typeof WebSocket;
  /** Ends all connections, WebSockets included. */
  close(): Promise<void>;
}
