import type { JsonObject, JsonSchema, JsonValue } from '@capstan/provider';
import { isJsonObject } from '../is-record.ts';

/** A parameter that a tool wants repeated in an HTTP header (`x-mcp-header`, SEP-2243). */
export interface ParamHeader {
  /** Of property names, from the arguments down. */
  readonly path: readonly string[];
  /** `mcp-param-` and the declared name. */
  readonly header: string;
}

export type ParamHeaders =
  | { readonly ok: true; readonly headers: readonly ParamHeader[] }
  | { readonly ok: false; readonly problem: string };

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const primitives: ReadonlySet<unknown> = new Set(['string', 'integer', 'boolean']);
/** Keywords that hold one schema or a list of them, through which no header can be declared. */
const branches =
  'items prefixItems contains additionalProperties unevaluatedProperties unevaluatedItems propertyNames oneOf anyOf allOf not if then else'.split(
    ' ',
  );
/** Keywords that hold schemas by name. */
const namedBranches = ['patternProperties', 'dependentSchemas', '$defs', 'definitions'];

/**
 * The headers that a tool's input schema declares. A client must not use a tool whose declarations break the rules (2026-07-28, Streamable
 * HTTP, "Schema Extension"): primitives only, reachable by `properties` alone, tokens, unique whatever the case.
 */
export function paramHeadersOf(inputSchema: JsonSchema): ParamHeaders {
  const headers: ParamHeader[] = [];
  const seen = new Set<string>();

  function visit(schema: JsonValue | undefined, path: readonly string[], reachable: boolean): string | undefined {
    if (schema === undefined || !isJsonObject(schema)) return undefined;
    const problem = 'x-mcp-header' in schema ? declare(schema, path, reachable) : undefined;
    if (problem !== undefined) return problem;
    const { properties } = schema;
    if (properties !== undefined && isJsonObject(properties))
      for (const [name, child] of Object.entries(properties)) {
        const found = visit(child, [...path, name], reachable);
        if (found !== undefined) return found;
      }
    for (const child of hiddenSchemas(schema)) {
      const found = visit(child, path, false);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  function declare(schema: JsonObject, path: readonly string[], reachable: boolean): string | undefined {
    const name = schema['x-mcp-header'];
    const where = path.length === 0 ? 'the schema itself' : path.join('.');
    if (!reachable || path.length === 0) return `x-mcp-header at ${where} is not reachable by properties alone`;
    if (typeof name !== 'string' || !token.test(name)) return `x-mcp-header at ${where} is not a header's name`;
    if (!primitives.has(schema['type'])) return `x-mcp-header at ${where} is not on a string, integer or boolean`;
    const lower = name.toLowerCase();
    if (seen.has(lower)) return `x-mcp-header ${name} is declared twice`;
    seen.add(lower);
    headers.push({ path, header: `mcp-param-${lower}` });
    return undefined;
  }

  const problem = visit(inputSchema, [], true);
  return problem === undefined ? { ok: true, headers } : { ok: false, problem };
}

/** The declared headers for these arguments. What is absent, null or no primitive has none. */
export function headersFor(declared: readonly ParamHeader[], args: JsonObject): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const { path, header } of declared) {
    let value: JsonValue | undefined = args;
    for (const name of path) value = value !== undefined && isJsonObject(value) ? value[name] : undefined;
    const text = primitiveText(value);
    if (text !== undefined) headers[header] = encodeHeaderValue(text);
  }
  return headers;
}

/** As it is where a header can carry it, else as `=?base64?…?=` of its UTF-8. */
export function encodeHeaderValue(value: string): string {
  const plain = /^[\t\x20-\x7e]+$/.test(value) && value.trim() === value && !/^=\?base64\?.*\?=$/.test(value);
  return plain ? value : `=?base64?${Buffer.from(value, 'utf8').toString('base64')}?=`;
}

function primitiveText(value: JsonValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return Number.isInteger(value) && !Number.isSafeInteger(value) ? undefined : String(value);
}

function hiddenSchemas(schema: JsonObject): readonly JsonValue[] {
  const found: JsonValue[] = [];
  for (const keyword of branches) {
    const child = schema[keyword];
    if (Array.isArray(child)) found.push(...child);
    else if (child !== undefined) found.push(child as JsonValue);
  }
  for (const keyword of namedBranches) {
    const child = schema[keyword];
    if (child !== undefined && isJsonObject(child)) found.push(...Object.values(child));
  }
  return found;
}
