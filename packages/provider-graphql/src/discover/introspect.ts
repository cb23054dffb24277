import { type JsonObject } from '@capstan/provider';
import { buildClientSchema, getIntrospectionQuery, type GraphQLSchema, type IntrospectionQuery } from 'graphql';

/** Runs a query and hands out its data; undefined where the upstream refuses the document. */
export type Ask = (document: string) => Promise<JsonObject | undefined>;

/** The schema of a live endpoint; undefined where it does not tell. */
export async function introspect(ask: Ask): Promise<GraphQLSchema | undefined> {
  const everything = {
    descriptions: true,
    specifiedByUrl: true,
    directiveIsRepeatable: true,
    inputValueDeprecation: true,
    oneOf: true,
  };
  // Older servers know less of the introspection schema, and refuse the whole query.
  const data =
    (await ask(getIntrospectionQuery(everything))) ??
    (await ask(getIntrospectionQuery({ ...everything, oneOf: false }))) ??
    (await ask(getIntrospectionQuery({ descriptions: true, directiveIsRepeatable: false })));
  return data?.['__schema'] === undefined
    ? undefined
    : buildClientSchema(data as unknown as IntrospectionQuery, { assumeValid: true });
}
