import { AddressGuard } from './address-guard.ts';
import type { Answer } from './answer.ts';
import { type ConnectionKind, Connections } from './connections.ts';
import type { Egress, EgressOptions, EgressRequest, UrlTrust } from './egress.ts';
import { EgressError } from './egress-error.ts';
import { Exchange, type Hop } from './exchange.ts';
import { createFetch } from './fetch-as.ts';
import { checkMethod, RequestHeaders } from './request-headers.ts';
import { checkUrl } from './request-url.ts';
import { createWebSocketClass } from './websocket-as.ts';

const maxRedirects = 3;

/**
 * The connections of one runtime. The host closes it.
 * @throws {EgressError} `invalid` where `policy.allow` holds what is neither a CIDR block nor `host:port`.
 */
export const createEgress = (options: EgressOptions = {}): Egress => {
  const guard = new AddressGuard(options.policy, options.lookup);
  const headers = new RequestHeaders();
  const pools: Record<ConnectionKind, Partial<Record<UrlTrust, Connections>>> = {
    ordinary: {},
    urgent: {},
    lasting: {},
    websocket: {},
  };
  let closing: Promise<void> | undefined;

  const poolOf = (kind: ConnectionKind, trust: UrlTrust): Connections =>
    (pools[kind][trust] ??= new Connections(guard, trust, kind));

  const send = (hop: Hop): void => {
    const { request, url, method } = hop;
    const { signal, trust } = request;
    if (signal?.aborted) return hop.reject(signal.reason);
    if (closing !== undefined) return hop.reject(closed());
    try {
      const origin = checkUrl(url, guard, request);
      const pairs = request.headers === undefined ? null : headers.check(request.headers);
      const kind = request.urgent === true ? 'urgent' : request.lasting === true ? 'lasting' : 'ordinary';
      const pool = poolOf(kind, trust);
      const path = url.pathname + url.search;
      if (!pool.enter(origin)) return hop.reject(queueFull(url));
      return pool.dispatch(
        { origin, path, method, headers: pairs, body: request.body ?? null },
        new Exchange(hop, pool, origin),
      );
    } catch (error) {
      return hop.reject(error);
    }
  };

  const follow = (hop: Hop, url: URL): void => send({ ...hop, url, redirectsLeft: hop.redirectsLeft - 1 });

  const request = (egressRequest: EgressRequest): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const method = egressRequest.method === undefined ? 'GET' : checkMethod(egressRequest.method);
      send({
        request: egressRequest,
        url: egressRequest.url,
        method,
        redirectsLeft: maxRedirects,
        resolve,
        reject,
        follow,
      });
    });

  return {
    request,
    fetchAs: (rules) => createFetch(request, rules),
    webSocketAs: (rules) =>
      createWebSocketClass(rules, (url) => {
        if (closing !== undefined) throw closed();
        checkUrl(url, guard, rules);
        if (rules.headers !== undefined) headers.check(rules.headers);
        return poolOf('websocket', rules.trust);
      }),
    close: () => {
      const all = Object.values(pools).flatMap((byTrust) => Object.values(byTrust));
      closing ??= Promise.all(all.map((pool) => pool.close(closed()))).then(() => undefined);
      return closing;
    },
  };
};

const queueFull = (url: URL): EgressError =>
  new EgressError('network', `Too many requests to ${url.host} wait for a connection. Try again in a moment.`, {
    sent: false,
    code: 'OVERLOADED',
    retryAfterMs: 1_000,
  });

const closed = (): EgressError =>
  new EgressError('network', 'The connections were closed. Create a new runtime to go on.', {
    sent: false,
    code: 'CLOSED',
    retryable: false,
  });
