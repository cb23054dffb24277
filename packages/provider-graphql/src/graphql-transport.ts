import type { JsonObject } from '@capstan/provider';

/** How an operation gets to its upstream and an answer back. One attempt, never a repeat. */
export interface GraphqlTransport {
  /** Rejects with an `EgressError`, or with the signal's reason. Whatever was answered resolves, errors of any kind included. */
  run(request: GraphqlRequest, context: TransportContext): Promise<GraphqlAnswer>;
}

interface GraphqlRequest {
  /** With one operation. */
  readonly document: string;
  readonly operationName?: string;
  readonly variables: JsonObject;
}

interface TransportContext {
  /** All of them, checked, names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface GraphqlAnswer {
  readonly status: number;
  readonly contentType: string | undefined;
  readonly retryAfter: string | undefined;
  /** Undefined: what was answered is no GraphQL response. */
  readonly body: GraphqlBody | undefined;
}

/** A GraphQL response (specification, section 7.1). */
export interface GraphqlBody {
  readonly data?: JsonObject | null;
  readonly errors?: readonly GraphqlError[];
}

export interface GraphqlError {
  readonly message: string;
  readonly path?: readonly (string | number)[];
  /** `extensions.code`. */
  readonly code?: string;
}
