import type { Dispatcher, WebSocket } from 'undici';
import { connectionFailure } from './connection-failure.ts';
import type { HandshakeFailure, WebSocketRules } from './egress.ts';
import { EgressError } from './egress-error.ts';
import { loadUndici } from './load-undici.ts';

interface Connect {
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void;
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
      super(url, {
        protocols: protocolsOf(options),
        ...(headers === undefined ? {} : { headers }),
        // What undici asks of a dispatcher for this.
        dispatcher: {
          dispatch: (request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler) =>
            connections.dispatch(request, watched(handler, httpUrl, onHandshakeFailure)),
          webSocketOptions: { maxPayloadSize: maxMessageBytes },
        } as unknown as Dispatcher,
      });
    }
  };
};

/** `handler`, but any answer that is no agreement ends the attempt, and `tell` hears why. */
const watched = (
  handler: Dispatcher.DispatchHandler,
  url: URL,
  tell: WebSocketRules['onHandshakeFailure'],
): Dispatcher.DispatchHandler => {
  let isSent = false;
  let isOver = false;
  const tellOnce = (failure: HandshakeFailure): void => {
    if (!isOver) tell?.(failure);
    isOver = true;
  };
  return {
    ...handler,
    onRequestStart: (...given) => {
      isSent = true;
      handler.onRequestStart?.(...given);
    },
    onRequestUpgrade: (...given) => {
      isOver = true;
      handler.onRequestUpgrade?.(...given);
    },
    onResponseStart: (controller, status, ...rest) => {
      if (status < 200) return handler.onResponseStart?.(controller, status, ...rest);
      tellOnce({ status });
      // Shown a 401, undici would ask a second time.
      return controller.abort(new Error(`The handshake was answered with status ${status}.`));
    },
    onResponseError: (controller, error) => {
      tellOnce({ error: connectionFailure(error, url, isSent) });
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
