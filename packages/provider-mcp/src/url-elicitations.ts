import type { InputRequest, JsonObject, JsonValue } from '@capstan/provider';
import { isJsonObject } from './is-record.ts';
import { RpcError } from './wire/wire-errors.ts';

/** "URL elicitation required" (2025-11-25, "Elicitation", "URL Elicitation Required Error"). */
export const urlElicitationRequired = -32042;

/** What a person has to do elsewhere before a server takes the request, by its id. Empty where the error is another one. */
export function urlElicitations(error: unknown): Readonly<Record<string, InputRequest>> {
  if (!(error instanceof RpcError) || error.code !== urlElicitationRequired) return {};
  const { data } = error;
  const listed = data !== undefined && isJsonObject(data) ? data['elicitations'] : undefined;
  const found: Record<string, InputRequest> = {};
  for (const params of Array.isArray(listed) ? (listed as readonly JsonValue[]) : []) {
    if (!isUrlElicitation(params)) continue;
    found[params.elicitationId] = { kind: 'elicitation', params: { mode: 'url', ...params } };
  }
  return found;
}

function isUrlElicitation(value: JsonValue): value is JsonObject & { readonly elicitationId: string } {
  return isJsonObject(value) && typeof value['elicitationId'] === 'string' && typeof value['url'] === 'string';
}
