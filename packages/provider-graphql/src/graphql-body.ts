import type { JsonObject } from '@capstan/provider';
import type { GraphqlBody, GraphqlError } from './graphql-transport.ts';
import { isRecord } from './is-record.ts';

/** The parts of a response that are read, or undefined where it is none: neither `data` nor `errors`, or of other types. */
export function graphqlBody({ data, errors }: { data?: unknown; errors?: unknown }): GraphqlBody | undefined {
  const isData = data === undefined || data === null || isRecord(data);
  const given = errors ?? undefined;
  const isErrors = given === undefined || (Array.isArray(given) && given.every((error) => isRecord(error)));
  if (!isData || !isErrors || (data === undefined && given === undefined)) return undefined;
  return {
    ...(data === undefined ? {} : { data: data as JsonObject | null }),
    // An empty list is against the specification, and says that there are none.
    ...(given === undefined || given.length === 0 ? {} : { errors: given.map(graphqlError) }),
  };
}

function graphqlError({ message, path, extensions }: Readonly<Record<string, unknown>>): GraphqlError {
  const code = isRecord(extensions) ? extensions['code'] : undefined;
  return {
    message: typeof message === 'string' ? message : 'The upstream gave no message.',
    ...(Array.isArray(path) && path.every((part) => typeof part === 'string' || typeof part === 'number')
      ? { path }
      : {}),
    ...(typeof code === 'string' || typeof code === 'number' ? { code: String(code) } : {}),
  };
}
