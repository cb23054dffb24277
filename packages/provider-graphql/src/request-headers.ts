import type { Invocation } from '@capstan/provider';
import type { AuthSource } from './auth-source.ts';
import { type CallContext, readSecret } from './call-context.ts';
import type { GraphqlTarget } from './graphql-target.ts';

/** The headers of one request, credentials read anew. Names in lower case. Throws `UNAUTHORIZED` where a variable is not set. */
export async function requestHeaders(
  { auth, headers: declared }: GraphqlTarget,
  { trace, idempotencyKey }: Pick<Invocation, 'trace' | 'idempotencyKey'>,
  idempotencyHeader: string | undefined,
  context: CallContext,
): Promise<Readonly<Record<string, string>>> {
  const headers: Record<string, string> = {
    'user-agent': 'capstan',
    'content-type': 'application/json',
    accept: 'application/graphql-response+json, application/json;q=0.9',
  };
  if (trace !== undefined) {
    headers['traceparent'] = trace.traceparent;
    if (trace.tracestate !== undefined) headers['tracestate'] = trace.tracestate;
    if (trace.baggage !== undefined) headers['baggage'] = trace.baggage;
  }
  for (const { name, parts } of declared) {
    let value = '';
    for (const [index, part] of parts.entries())
      value += index % 2 === 0 ? part : await readSecret(part, 'graphql_headers', context);
    headers[name] = value;
  }
  if (auth !== undefined) {
    const [name, value] = await credential(auth, context);
    headers[name] = value;
  }
  if (idempotencyHeader !== undefined && idempotencyKey !== undefined)
    headers[idempotencyHeader.toLowerCase()] = idempotencyKey;
  return headers;
}

async function credential(auth: AuthSource, context: CallContext): Promise<readonly [name: string, value: string]> {
  if (auth.kind === 'header') {
    const secret = await readSecret(auth.envVar, 'graphql_auth_env_var', context);
    return [auth.header.toLowerCase(), auth.scheme === '' ? secret : `${auth.scheme} ${secret}`];
  }
  const user = await readSecret(auth.userEnvVar, 'graphql_basic_user_env_var', context);
  const password = await readSecret(auth.passwordEnvVar, 'graphql_basic_password_env_var', context);
  const encoded = Buffer.from(`${user}:${password}`).toString('base64');
  context.secretValues.add(encoded);
  return ['authorization', `Basic ${encoded}`];
}
