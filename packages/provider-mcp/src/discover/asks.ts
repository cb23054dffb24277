import type { JsonObject } from '@capstan/provider';

/** Sends one JSON-RPC request to a server and gives its result as it came: nothing checked, nothing left out. */
export interface Asks {
  request(
    method: string,
    params: JsonObject,
    options: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<JsonObject>;
}
