import type { InputRequest, InputResponse, Invocation, JsonObject, JsonValue } from '@capstan/provider';
import { answerInput, inputKind, NobodyAnswers } from './answer-input.ts';
import type { CallContext } from './call-context.ts';
import { isJsonObject } from './is-record.ts';
import type { McpSession } from './mcp-session.ts';
import { urlElicitations } from './url-elicitations.ts';
import { ForeignAnswer, RpcError } from './wire/wire-errors.ts';

/** What a server needs before it can answer. */
export interface InputRequired {
  readonly requests: Readonly<Record<string, InputRequest>>;
  /** The server's own, handed back to it byte by byte. */
  readonly state: string | undefined;
}

type InputInvocation = Pick<Invocation, 'clientCapabilities' | 'inputMode' | 'resume' | 'signal'>;

/** A server that asks on and on gets no further answer. */
const maxRounds = 16;

/**
 * Sends a request until it is answered: a modern server says `input_required`, and gets the same request again with what the caller said
 * (2026-07-28, "Multi round-trip requests"); a legacy one refuses it until a person has been to a URL. With `inputMode: 'return'` the first
 * such answer is the result. `onAgain`: called where the request is sent a second time.
 */
export async function requestWithInput(
  send: (extra: JsonObject) => Promise<JsonObject>,
  session: McpSession,
  invocation: InputInvocation,
  context: CallContext,
  onAgain?: () => void,
): Promise<JsonObject> {
  const { inputMode, resume } = invocation;
  let extra: JsonObject =
    resume === undefined || session.era === 'legacy' ? {} : retryParams(resume.responses, resume.state);
  if (resume !== undefined) onAgain?.();
  for (let round = 0; round < maxRounds; round += 1) {
    let result: JsonObject;
    try {
      result = await send(extra);
    } catch (error) {
      const requests = urlElicitations(error);
      if (Object.keys(requests).length === 0) throw error;
      if (inputMode === 'return') return inputRequiredResult(requests);
      return visitUrls(
        () => {
          onAgain?.();
          return send({});
        },
        session,
        invocation.signal,
        context,
        error,
        requests,
      );
    }
    const required = inputRequired(result);
    if (required === undefined || inputMode === 'return') return result;
    onAgain?.();
    const declared = invocation.clientCapabilities ?? session.connection.clientCapabilities;
    extra = retryParams(await answerAll(required.requests, declared, context), required.state);
  }
  throw new ForeignAnswer(`The server asked for input ${maxRounds} times.`);
}

/** Undefined where the result is one. Throws `NobodyAnswers` where the server asks for something that no client answers. */
export function inputRequired(result: JsonObject): InputRequired | undefined {
  if (result['resultType'] !== 'input_required') return undefined;
  const { inputRequests, requestState } = result;
  return {
    requests: parseInputRequests(inputRequests),
    state: typeof requestState === 'string' ? requestState : undefined,
  };
}

/** Questions as a modern server writes them, by their keys. Throws `NobodyAnswers`. */
export function parseInputRequests(inputRequests: JsonValue | undefined): Readonly<Record<string, InputRequest>> {
  const requests: Record<string, InputRequest> = {};
  if (inputRequests === undefined || !isJsonObject(inputRequests)) return requests;
  for (const [key, request] of Object.entries(inputRequests)) {
    if (!isJsonObject(request) || typeof request['method'] !== 'string') continue;
    const { method, params } = request;
    requests[key] = {
      kind: orNobody(() => inputKind(method)),
      params: params !== undefined && isJsonObject(params) ? params : {},
    };
  }
  return requests;
}

async function answerAll(
  requests: Readonly<Record<string, InputRequest>>,
  declared: JsonObject,
  context: CallContext,
): Promise<Readonly<Record<string, InputResponse>>> {
  for (const { kind } of Object.values(requests))
    if (declared[kind] === undefined) throw new NobodyAnswers(`The server was not told that it may ask for ${kind}.`);
  const answers = Object.entries(requests).map(
    async ([key, request]) => [key, await answerInput(request, context)] as const,
  );
  try {
    return Object.fromEntries(await Promise.all(answers));
  } catch (error) {
    throw asNobodyAnswers(error);
  }
}

/**
 * The server refused before it ran anything, so whatever the effect, the request may be sent again: once the caller consented, and where
 * that is still too early, once the server says that it is done.
 */
async function visitUrls(
  repeat: () => Promise<JsonObject>,
  session: McpSession,
  signal: AbortSignal,
  context: CallContext,
  refusal: unknown,
  first: Readonly<Record<string, InputRequest>>,
): Promise<JsonObject> {
  if (context.onInputRequired === undefined) throw refusal;
  // The server may be done before the caller says so.
  const stopListening = session.listenMeanwhile(context);
  const accepted = new Set<string>();
  const awaited = new Set<string>();
  let [error, requests] = [refusal, first];
  try {
    for (let round = 0; round < maxRounds; round += 1) {
      const fresh = Object.entries(requests).filter(([id]) => !accepted.has(id));
      for (const [id, request] of fresh) {
        const { action } = await answerInput(request, context);
        if (action !== 'accept') throw error;
        accepted.add(id);
      }
      if (fresh.length === 0) {
        const open = Object.keys(requests).filter((id) => !awaited.has(id));
        if (open.length === 0) throw error;
        await session.elicitations.wait(open, signal);
        for (const id of open) awaited.add(id);
      }
      try {
        return await repeat();
      } catch (again) {
        error = again;
        requests = urlElicitations(again);
        if (Object.keys(requests).length === 0) throw again;
      }
    }
    throw error;
  } finally {
    await stopListening();
  }
}

function inputRequiredResult(requests: Readonly<Record<string, InputRequest>>): JsonObject {
  const inputRequests = Object.fromEntries(
    Object.entries(requests).map(([id, { params }]) => [id, { method: 'elicitation/create', params }]),
  );
  return { resultType: 'input_required', inputRequests };
}

function retryParams(responses: Readonly<Record<string, InputResponse>>, state: string | undefined): JsonObject {
  return {
    ...(Object.keys(responses).length === 0 ? {} : { inputResponses: responses }),
    ...(state === undefined || state === '' ? {} : { requestState: state }),
  };
}

function orNobody<T>(find: () => T): T {
  try {
    return find();
  } catch (error) {
    throw asNobodyAnswers(error);
  }
}

function asNobodyAnswers(error: unknown): unknown {
  return error instanceof RpcError ? new NobodyAnswers(error.message, { cause: error }) : error;
}
