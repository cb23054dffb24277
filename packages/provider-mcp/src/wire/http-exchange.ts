import { retryAfterMs, type Cancellation, type Egress, type EgressStream } from '@capstan/http-egress';
import type { CallContext } from '../call-context.ts';
import { UpstreamBusy } from '../upstream-busy.ts';
import type { HttpAuth } from './http-auth.ts';
import { HttpRefusal } from './wire-errors.ts';

export interface ExchangeDoor {
  readonly egress: Egress;
  readonly allowInsecure: boolean;
  readonly auth: HttpAuth | undefined;
  /** Whose credentials a message carries that belongs to no call. */
  readonly opener: () => CallContext;
}

export interface ExchangeRequest {
  readonly url: URL;
  readonly method: 'POST' | 'GET' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly context: CallContext | undefined;
  readonly signal: Cancellation | undefined;
  /** The answer to a question, or the end of a call: calls that hold every connection may wait for it. */
  readonly urgent?: boolean;
  /** A stream that is open for as long as the session: it must not hold a connection that calls wait for. */
  readonly lasting?: boolean;
}

/** One request with proof of who calls; resolves when the head of a 2xx answer has come. Rejects with `HttpRefusal`, `UpstreamBusy` or `EgressError`. */
export async function exchange(door: ExchangeDoor, request: ExchangeRequest): Promise<EgressStream> {
  const { egress, auth, allowInsecure } = door;
  const { url, method, headers, body, signal, urgent, lasting } = request;
  const options = {
    url,
    method,
    allowInsecure,
    trust: 'declared',
    redirect: 'same_origin',
    // A stream may last for days; whoever reads it bounds each message.
    maxBytes: Infinity,
    ...(urgent === true ? { urgent } : {}),
    ...(lasting === true ? { lasting } : {}),
    ...(body === undefined ? {} : { body }),
    ...(signal === undefined ? {} : { signal }),
  } as const;
  if (auth === undefined) {
    const stream = await egress.request({ ...options, headers });
    return isSuccess(stream) ? stream : Promise.reject(await refuse(stream));
  }
  const owner = request.context ?? door.opener();
  for (let refusals = 0; ; refusals += 1) {
    const proof = await auth.headers(owner, { method, url });
    const stream = await egress.request({ ...options, headers: { ...headers, ...proof } });
    if (isSuccess(stream)) return stream;
    const refusal = await refuse(stream);
    const { status, challenge } = refusal;
    const facts = { status, challenge, dpopNonce: headerOf(stream.headers['dpop-nonce']), refusals };
    const isAboutProof = status === 401 || status === 403;
    if (!isAboutProof || (await auth.refused?.(owner, facts)) !== true) throw refusal;
  }
}

const refusalBytes = 65_536;

function isSuccess({ status }: EgressStream): boolean {
  return status >= 200 && status < 300;
}

async function refuse(stream: EgressStream): Promise<HttpRefusal> {
  const { status, headers } = stream;
  if (status === 429 || status === 503) {
    stream.cancel();
    throw new UpstreamBusy(status, retryAfterMs(headerOf(headers['retry-after'])));
  }
  const body = await stream.text(refusalBytes).catch(() => '');
  return new HttpRefusal(status, body, headerOf(headers['www-authenticate']));
}

export function headerOf(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
