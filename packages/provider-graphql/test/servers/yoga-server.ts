import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { createYoga } from 'graphql-yoga';
import { listen } from './http-listener.ts';
import { shopSchema } from './shop-schema.ts';

export interface YogaServerOptions {
  /** The value that `authorization` must have. Default: any or none. */
  readonly authorization?: () => string | undefined;
}

/** Answers in place of GraphQL Yoga. */
export type Interference = (response: ServerResponse) => void;

export interface YogaServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Root fields that were resolved, in order. */
  readonly calls: readonly { readonly field: string; readonly args: unknown }[];
  /** Headers of all requests, in order. */
  readonly requests: readonly IncomingHttpHeaders[];
  /** Bodies of all requests, in order. */
  readonly bodies: readonly Readonly<Record<string, unknown>>[];
  /** The next requests are answered so, one each. */
  interfere(...answers: readonly Interference[]): void;
  close(): Promise<void>;
}

/** GraphQL Yoga with a small shop, on a free port. */
export async function startYogaServer({ authorization }: YogaServerOptions = {}): Promise<YogaServer> {
  const calls: { field: string; args: unknown }[] = [];
  const requests: IncomingHttpHeaders[] = [];
  const bodies: Readonly<Record<string, unknown>>[] = [];
  const waiting: Interference[] = [];
  const yoga = createYoga({
    schema: shopSchema((field, args) => void calls.push({ field, args })),
    logging: false,
    graphiql: false,
    maskedErrors: false,
    plugins: [{ onParams: ({ params }) => void bodies.push({ ...params }) }],
  });
  const listener = await listen(async (request, response) => {
    requests.push(request.headers);
    const interference = waiting.shift();
    if (interference !== undefined) {
      request.resume();
      interference(response);
      return;
    }
    const wanted = authorization?.();
    if (wanted !== undefined && request.headers.authorization !== wanted) {
      response.writeHead(401, { 'content-type': 'text/plain' }).end(`No entry for ${request.headers.authorization}`);
      return;
    }
    await yoga.handle(request, response);
  });
  return {
    url: `${listener.origin}/graphql`,
    port: listener.port,
    calls,
    requests,
    bodies,
    interfere: (...answers) => void waiting.push(...answers),
    close: listener.close,
    [Symbol.asyncDispose]: listener.close,
  };
}

/** An answer of this status, type and body. */
export function answering(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Interference {
  const isText = typeof body === 'string';
  return (response) => {
    response.writeHead(status, { 'content-type': isText ? 'text/html' : 'application/json', ...headers });
    response.end(isText ? body : JSON.stringify(body));
  };
}
