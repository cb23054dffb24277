import { Server as LegacyServer } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  CreateMessageResultSchema,
  ElicitResultSchema,
  ListRootsResultSchema,
  UrlElicitationRequiredError,
} from '@modelcontextprotocol/sdk/types.js';
import { inputRequired, Server } from '@modelcontextprotocol/server';

const info = { name: 'interactive-server', version: '1.0.0' };
const capabilities = { tools: {}, logging: {} };
const nameForm = {
  type: 'object' as const,
  properties: { name: { type: 'string' as const }, greeting: { type: 'string' as const, default: 'Hello' } },
  required: ['name'],
};
const prompt = {
  messages: [{ role: 'user' as const, content: { type: 'text' as const, text: 'think' } }],
  maxTokens: 10,
};

export interface Gate {
  /** Elicitations that have been done elsewhere. */
  readonly done: Set<string>;
  /** `tools/call` that got as far as the tool. */
  refusals: number;
}

/** Tools that ask their caller, as servers of the 2025 revisions do: in the middle of the call. */
export function createInteractiveLegacyServer(gate: Gate = { done: new Set(), refusals: 0 }): LegacyServer {
  const server = new LegacyServer(info, { capabilities });
  server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: args } }, { sendRequest }) => {
    const elicit = (params: ReturnType<typeof formFor> | ReturnType<typeof urlFor>): Promise<unknown> =>
      sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema);
    switch (name) {
      case 'ask':
        return text({ of: args?.['of'], answer: await elicit(formFor(args?.['of'])) });
      case 'ask_url':
        return text(await elicit(urlFor('visit-1')));
      case 'ask_sampling':
        return text(
          await orRefusal(sendRequest({ method: 'sampling/createMessage', params: prompt }, CreateMessageResultSchema)),
        );
      case 'ask_roots':
        return text(await orRefusal(sendRequest({ method: 'roots/list' }, ListRootsResultSchema)));
      case 'gate': {
        const id = `gate-${String(args?.['of'])}`;
        if (gate.done.has(id)) return text('through the gate');
        gate.refusals += 1;
        throw new UrlElicitationRequiredError([urlFor(id)]);
      }
      default:
        return text(args ?? {});
    }
  });
  return server;
}

/** The same tools, as servers of revision 2026-07-28 ask: instead of an answer. */
export function createInteractiveModernServer(): Server {
  const server = new Server(info, { capabilities });
  server.setRequestHandler('tools/call', ({ params: { name, arguments: args } }, { mcpReq }) => {
    const { inputResponses } = mcpReq;
    const request = {
      ask: () => inputRequired.elicit(formFor(args?.['of'])),
      ask_url: () => inputRequired.elicitUrl(urlFor('visit-1')),
      ask_sampling: () => inputRequired.createMessage(prompt),
      ask_roots: () => inputRequired.listRoots(),
    }[name];
    if (request === undefined) return text(args ?? {});
    const requestState = `state of ${String(args?.['of'])} ✓`;
    if (inputResponses === undefined) return inputRequired({ inputRequests: { question: request() }, requestState });
    const state = mcpReq.requestState();
    if (state !== requestState) throw new Error(`unknown state ${String(state)}`);
    const answer = inputResponses['question'];
    return text(name === 'ask' ? { of: args?.['of'], answer } : answer);
  });
  return server;
}

function formFor(of: unknown) {
  return { message: `Your name, ${String(of)}?`, requestedSchema: nameForm };
}

function urlFor(elicitationId: string) {
  return {
    mode: 'url' as const,
    message: 'Please confirm.',
    url: `https://confirm.example/${elicitationId}`,
    elicitationId,
  };
}

async function orRefusal(asking: Promise<unknown>): Promise<unknown> {
  try {
    return await asking;
  } catch (error) {
    return { refused: (error as { readonly code?: number }).code };
  }
}

function text(value: unknown) {
  return { content: [{ type: 'text' as const, text: JSON.stringify(value) }] };
}
