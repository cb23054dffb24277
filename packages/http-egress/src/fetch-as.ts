import type { Answer } from './answer.ts';
import type { EgressRequest } from './egress.ts';
import { EgressError, shownUrl } from './egress-error.ts';

type Send = (request: EgressRequest) => Promise<Answer>;
type FetchRules = Pick<EgressRequest, 'trust' | 'redirect' | 'maxBytes' | 'allowInsecure'>;

/** `fetch` over `send`, under `rules`. The body of its answers streams; giving it up gives the connection up. */
export const createFetch = (send: Send, rules: FetchRules): typeof globalThis.fetch => {
  return async (input, init) => {
    const given = await requestOf(input, init);
    const mode = init?.redirect ?? (isRequest(input) ? input.redirect : 'follow');
    const answer = await send({ ...given, ...rules, ...(mode === 'follow' ? {} : { redirect: 'none' }) });
    if (mode === 'error' && answer.status >= 300 && answer.status < 400 && answer.headers['location'] !== undefined) {
      answer.cancel();
      throw unwantedRedirect(answer.url);
    }
    return responseOf(answer);
  };
};

/** Not by `instanceof`: libraries bring requests of other copies of the class. */
const isRequest = (input: string | URL | Request): input is Request => typeof input !== 'string' && 'url' in input;

type Given = Pick<EgressRequest, 'url' | 'method' | 'headers' | 'body' | 'signal'>;

const requestOf = async (input: string | URL | Request, init: RequestInit = {}): Promise<Given> => {
  const from = isRequest(input) ? input : undefined;
  const url = typeof input === 'string' ? new URL(input) : new URL(isRequest(input) ? input.url : input.href);
  const headers: Record<string, string> = {};
  for (const [name, value] of pairsOf(init.headers ?? from?.headers)) {
    const key = name.toLowerCase();
    const before = headers[key];
    headers[key] = before === undefined ? value : `${before}, ${value}`;
  }
  const signal = init.signal ?? from?.signal;
  const body = init.body === undefined ? await bodyOf(from) : await bytesOf(init.body, headers);
  return {
    url,
    method: init.method ?? from?.method ?? 'GET',
    headers,
    ...(body === undefined ? {} : { body }),
    ...(signal ? { signal } : {}),
  };
};

/** By hand, since the errors of `Headers` quote the value. */
const pairsOf = (headers: RequestInit['headers']): Iterable<readonly [string, string]> => {
  if (headers === undefined || headers === null) return [];
  if (Symbol.iterator in headers) return headers as Iterable<[string, string]>;
  return Object.entries(headers as Record<string, string>);
};

const bodyOf = async (from: Request | undefined): Promise<Uint8Array | undefined> =>
  from?.body ? new Uint8Array(await from.arrayBuffer()) : undefined;

/** The whole body; one that is given as a stream is read to its end. Adds the content type that `fetch` would. */
const bytesOf = async (
  body: RequestInit['body'],
  headers: Record<string, string>,
): Promise<string | Uint8Array | undefined> => {
  if (body === undefined || body === null) return undefined;
  if (body instanceof Uint8Array) return body;
  if (typeof body === 'string') {
    headers['content-type'] ??= 'text/plain;charset=UTF-8';
    return body;
  }
  const carrier = new Response(body);
  const type = carrier.headers.get('content-type');
  if (type !== null) headers['content-type'] ??= type;
  return new Uint8Array(await carrier.arrayBuffer());
};

const hasNoBody = (status: number): boolean => status === 204 || status === 205 || status === 304;

/** Text of a header as `Headers` takes it: one character for each byte. */
const byteString = (value: string): string => Buffer.from(value).toString('latin1');
const beyondLatin1 = /[\u0100-\uffff]/;

const responseOf = (answer: Answer): Response => {
  try {
    const headers = new Headers();
    for (const [name, value] of Object.entries(answer.headers))
      for (const one of [value ?? []].flat()) headers.append(name, beyondLatin1.test(one) ? byteString(one) : one);
    const body = hasNoBody(answer.status) ? null : streamOf(answer);
    const response = new Response(body, { status: answer.status, headers });
    return Object.defineProperty(response, 'url', { value: answer.url.href });
  } catch (error) {
    answer.cancel();
    throw unusable(answer.url, error);
  }
};

/** Bytes that wait in a response for their reader. A library that only looks at the status lets at most these lie. */
const waitingBytes = 64 * 1024;

const streamOf = (answer: Answer): ReadableStream<Uint8Array> => {
  let isCancelled = false;
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        void answer
          .read((chunk) => {
            controller.enqueue(chunk);
            if ((controller.desiredSize ?? 0) <= 0) answer.pause();
          })
          .then(
            () => {
              if (!isCancelled) controller.close();
            },
            (error: unknown) => controller.error(error),
          );
      },
      pull: () => answer.resume(),
      cancel: () => {
        isCancelled = true;
        answer.cancel();
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: waitingBytes }),
  );
};

const unwantedRedirect = (url: URL): EgressError =>
  new EgressError('redirect', `${shownUrl(url)} redirects, and the caller asked for none. Use the final address.`, {
    sent: false,
  });

const unusable = (url: URL, cause: unknown): EgressError =>
  new EgressError('network', `The answer of ${shownUrl(url)} is not one of HTTP. Report it to the upstream.`, {
    sent: true,
    cause,
  });
