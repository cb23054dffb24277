import { stat } from 'node:fs/promises';
import type { Capability } from '@capstan/provider';
import { buildClientSchema, buildSchema, type GraphQLSchema, GraphQLError, type IntrospectionQuery } from 'graphql';
import { isRecord } from './is-record.ts';
import { invalid } from './metadata-values.ts';
import { readBoundedFile } from './read-bounded-file.ts';

/** GitHub's introspection result is 5 MB. */
const maxBytes = 32 * 1024 * 1024;
const maxSchemas = 100;

/** Schemas of files, each built once for as long as its file does not change. */
export class SchemaFiles {
  readonly #schemas = new Map<string, { readonly version: string; readonly schema: Promise<GraphQLSchema> }>();

  /** Rejects with `MANIFEST_INVALID`. */
  async load(path: string, capability: Capability): Promise<GraphQLSchema> {
    const version = await stat(path).then(
      ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
      () => 'none',
    );
    const known = this.#schemas.get(path);
    if (known?.version === version) return await known.schema;
    if (this.#schemas.size >= maxSchemas) this.#schemas.clear();
    const schema = read(path, capability);
    this.#schemas.set(path, { version, schema });
    try {
      return await schema;
    } catch (error) {
      this.#schemas.delete(path);
      throw error;
    }
  }
}

async function read(path: string, capability: Capability): Promise<GraphQLSchema> {
  const text = await readBoundedFile(capability, 'graphql_schema', path, maxBytes);
  // Schemas that services publish break rules of the language, and serve them well.
  const options = { assumeValid: true, assumeValidSDL: true, noLocation: true };
  try {
    return /^\uFEFF?\s*\{/.test(text) ? buildClientSchema(introspectionIn(text), options) : buildSchema(text, options);
  } catch (error) {
    const { line = 1, column = 1 } = (error instanceof GraphQLError ? error.locations?.[0] : undefined) ?? {};
    const problem = `graphql_schema cannot be used: ${error instanceof Error ? error.message : String(error)}`;
    throw invalid(capability, { problem, place: { file: path, line, column } });
  }
}

/** As it is, or as the body of an answer. */
function introspectionIn(text: string): IntrospectionQuery {
  const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
  const found = isRecord(parsed) && isRecord(parsed['data']) ? parsed['data'] : parsed;
  if (!isRecord(found) || !isRecord(found['__schema'])) throw new Error('it is JSON and no introspection result');
  return found as unknown as IntrospectionQuery;
}
