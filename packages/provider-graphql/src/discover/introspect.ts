import { type JsonObject } from '@capstan/provider';
import { buildClientSchema, getIntrospectionQuery, type GraphQLSchema, type IntrospectionQuery } from 'graphql';

/** Runs a query and hands out its data; undefined where the upstream refuses the document. */
export type Ask = (document: string) => Promise<JsonObject | undefined>;

/** The schema of a live endpoint; undefined where it does not tell, or nothing that can be used. */
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
  try {
    return data && buildClientSchema(data as unknown as IntrospectionQuery, { assumeValid: true });
  } catch {
    return undefined;
  }
}
