import type { Duplex } from 'node:stream';
import type { Dispatcher, WebSocket } from 'undici';
import { connectionFailure } from './connection-failure.ts';
import type { HandshakeFailure, WebSocketRules } from './egress.ts';
import { EgressError, shownUrl } from './egress-error.ts';
import { loadUndici } from './load-undici.ts';

interface Connect {
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
}

/** One handshake. `tell` may be called more than once. */
interface Attempt {
  readonly url: URL;
  readonly tell: (failure: HandshakeFailure) => void;
  /** Once it was upgraded. */
  socket?: Duplex;
}

const defaultMaxMessageBytes = 16 * 1024 * 1024;

/** `admit`: the connections for the http or https form of a URL; throws where it may not be reached. */
export const createWebSocketClass = (rules: WebSocketRules, admit: (url: URL) => Connect): typeof WebSocket => {
  const { headers, maxMessageBytes = defaultMaxMessageBytes, onHandshakeFailure } = rules;
  const { WebSocket: PlainWebSocket } = loadUndici();
  return class GuardedWebSocket extends PlainWebSocket {
    constructor(given: string | URL, options?: ConstructorParameters<typeof WebSocket>[1]) {
      const url = URL.parse(String(given));
      if (url === null) throw noWebSocketUrl();
      const httpUrl = httpForm(url);
      const connections = admit(httpUrl);
      let isOver = false;
      const attempt: Attempt = {
        url: httpUrl,
        tell: (failure) => {
          if (!isOver) onHandshakeFailure?.(failure);
          isOver = true;
        },
      };
      super(url, {
        protocols: protocolsOf(options),
        ...(headers === undefined ? {} : { headers }),
        // What undici asks of a dispatcher for this.
        dispatcher: {
          dispatch: (request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) =>
            connections.dispatch(request, watched(handler, attempt)),
          webSocketOptions: { maxPayloadSize: maxMessageBytes },
        } as unknown as Dispatcher,
      });
      this.addEventListener('open', () => {
        isOver = true;
      });
      this.addEventListener('error', () => {
        if (attempt.socket !== undefined) attempt.tell({ error: noAgreement(httpUrl) });
      });
      // Of a connection whose upgrade it does not accept undici lets go without ending it.
      this.addEventListener('close', () => attempt.socket?.destroy());
    }
  };
};

/** `handler`, but any answer that is no agreement ends the attempt. */
const watched = (handler: Dispatcher.DispatchHandler, attempt: Attempt): Dispatcher.DispatchHandler => {
  let isSent = false;
  return {
    ...handler,
    onRequestStart: (...given) => {
      isSent = true;
      handler.onRequestStart?.(...given);
    },
    onRequestUpgrade: (controller, status, headers, socket) => {
      attempt.socket = socket;
      handler.onRequestUpgrade?.(controller, status, headers, socket);
    },
    onResponseStart: (controller, status, ...rest) => {
      if (status < 200) return handler.onResponseStart?.(controller, status, ...rest);
      attempt.tell({ status });
      // Shown a 401, undici would ask a second time.
      return controller.abort(new Error(`The handshake was answered with status ${status}.`));
    },
    onResponseError: (controller, error) => {
      attempt.tell({ error: connectionFailure(error, attempt.url, isSent) });
      handler.onResponseError?.(controller, error);
    },
  };
};

const httpForm = (url: URL): URL => {
  const scheme = { 'ws:': 'http:', 'wss:': 'https:' }[url.protocol] ?? url.protocol;
  return new URL(scheme + url.href.slice(url.protocol.length));
};

const protocolsOf = (options: ConstructorParameters<typeof WebSocket>[1]): string | string[] => {
  if (options === undefined || typeof options === 'string' || Array.isArray(options)) return options ?? [];
  return options.protocols ?? [];
};

const noWebSocketUrl = (): EgressError =>
  new EgressError('invalid', 'The address of a WebSocket is no URL. Use one such as wss://api.example.com/graphql.', {
    sent: false,
    code: 'MANIFEST_INVALID',
  });

const noAgreement = (url: URL): EgressError =>
  new EgressError(
    'network',
    `${shownUrl(url)} agreed to a WebSocket in a way that cannot be used (RFC 6455, section 4.1). Report it to the upstream.`,
    { sent: true, retryable: false },
  );
