import { isJsonObject } from '../is-record.ts';
import type { Implementation } from '../handshake.ts';
import type { JsonObject } from '@capstan/provider';
import { encodeHeaderValue } from './param-headers.ts';

/** How the two protocol eras dress the same request. */
export interface Dialect {
  readonly era: 'legacy' | 'modern';
  /** What every message says of us, in `params._meta`. */
  readonly envelope: JsonObject | undefined;
  /** What a request says of itself in HTTP headers. */
  headers(method: string, params: JsonObject | undefined): Readonly<Record<string, string>> | undefined;
}

export const legacyDialect: Dialect = { era: 'legacy', envelope: undefined, headers: () => undefined };

export interface ModernDialectOptions {
  readonly protocolVersion: string;
  readonly clientInfo: Implementation;
  readonly clientCapabilities: JsonObject;
  readonly logLevel: string | undefined;
}

/** Revision 2026-07-28: every request stands alone (basic, "Request metadata"; Streamable HTTP, "Standard headers"). */
export function modernDialect(options: ModernDialectOptions): Dialect {
  const { protocolVersion, clientInfo, clientCapabilities, logLevel } = options;
  return {
    era: 'modern',
    envelope: {
      'io.modelcontextprotocol/protocolVersion': protocolVersion,
      'io.modelcontextprotocol/clientInfo': { ...clientInfo },
      'io.modelcontextprotocol/clientCapabilities': clientCapabilities,
      ...(logLevel === undefined ? {} : { 'io.modelcontextprotocol/logLevel': logLevel }),
    },
    headers(method, params) {
      const source = nameSources[method];
      const name = source === undefined ? undefined : params?.[source];
      return {
        'mcp-protocol-version': protocolVersion,
        'mcp-method': method,
        ...(typeof name === 'string' ? { 'mcp-name': encodeHeaderValue(name) } : {}),
      };
    },
  };
}

/** `params` in the dialect, with a progress token where progress is asked for. */
export function dress(
  { envelope }: Dialect,
  params: JsonObject | undefined,
  progressToken: string | number | undefined,
): JsonObject | undefined {
  if (envelope === undefined && progressToken === undefined) return params;
  const meta = params?.['_meta'];
  return {
    ...params,
    _meta: {
      ...envelope,
      ...(meta !== undefined && isJsonObject(meta) ? meta : {}),
      ...(progressToken === undefined ? {} : { progressToken }),
    },
  };
}

/** Which parameter `Mcp-Name` repeats. */
const nameSources: Readonly<Record<string, string | undefined>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};
