import type { InputRequest, JsonObject, JsonValue } from '@capstan/provider';
import type { CallContext } from './call-context.ts';
import { isJsonObject } from './is-record.ts';
import { RpcError } from './wire/wire-errors.ts';

const kinds: ReadonlyMap<string, InputRequest['kind']> = new Map([
  ['elicitation/create', 'elicitation'],
  ['sampling/createMessage', 'sampling'],
  ['roots/list', 'roots'],
]);
const methodNotFound = -32601;
/** "User rejected sampling request" (2025-11-25, "Sampling", "Error Handling"). */
const rejected = -1;

/** A server asks for something without which it does not answer, and nobody here can give it. */
export class NobodyAnswers extends Error {
  override readonly name = 'NobodyAnswers';
}

/** The kind of a request that a server may make. Throws `RpcError` for any other. */
export function inputKind(method: string): InputRequest['kind'] {
  const kind = kinds.get(method);
  if (kind === undefined) throw new RpcError(methodNotFound, `This client does not answer ${method}.`);
  return kind;
}

/**
 * Lets the caller answer what a server asks of it; what nobody answers is declined in the protocol's own way. Rejects with `RpcError`
 * where the protocol knows no polite refusal.
 */
export async function answerInput(request: InputRequest, context: CallContext | undefined): Promise<JsonObject> {
  const { kind, params } = request;
  const ask = context?.onInputRequired;
  if (ask === undefined) return decline(kind);
  let response: JsonObject;
  try {
    response = await ask(request);
  } catch {
    return decline(kind);
  }
  return kind === 'elicitation' ? withDefaults(params, response) : response;
}

function decline(kind: InputRequest['kind']): JsonObject {
  switch (kind) {
    case 'elicitation':
      return { action: 'decline' };
    case 'roots':
      return { roots: [] };
    case 'sampling':
      throw new RpcError(rejected, 'Nobody here answers sampling requests.');
  }
}

/** Fields that the caller left out take the defaults of the form that it was shown (SEP-1034). */
function withDefaults(params: JsonObject, response: JsonObject): JsonObject {
  const { requestedSchema } = params;
  if (response['action'] !== 'accept' || requestedSchema === undefined || !isJsonObject(requestedSchema))
    return response;
  const { properties } = requestedSchema;
  if (properties === undefined || !isJsonObject(properties)) return response;
  const defaults: Record<string, JsonValue> = {};
  for (const [name, field] of Object.entries(properties))
    if (isJsonObject(field) && field['default'] !== undefined) defaults[name] = field['default'];
  const { content } = response;
  return { ...response, content: { ...defaults, ...(content !== undefined && isJsonObject(content) ? content : {}) } };
}
