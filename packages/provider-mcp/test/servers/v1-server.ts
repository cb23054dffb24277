import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import {
  CallToolRequestSchema,
  ElicitResultSchema,
  GetPromptRequestSchema,
  ListToolsRequestSchema,
  ReadResourceRequestSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { getPrompt, readResource, runTool, tools } from './offers.ts';

const form = { type: 'object' as const, properties: { name: { type: 'string' as const } }, required: ['name'] };

/** All that a server of the first generation of the SDK does, on whatever transport. The tool `cancelled` says how many calls were. */
export function createV1Server(): Server {
  const server = new Server(
    { name: 'v1-server', version: '1.0.0' },
    { capabilities: { tools: {}, prompts: {}, resources: {}, logging: {} } },
  );
  let cancelled = 0;
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [...tools] }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params: { name, arguments: args = {} } }, extra) => {
    const { signal, sendNotification, sendRequest, _meta } = extra;
    signal.addEventListener('abort', () => (cancelled += 1), { once: true });
    if (name === 'cancelled') return { content: [{ type: 'text', text: String(cancelled) }] };
    if (name === 'ask') {
      const params = { message: 'Your name?', requestedSchema: form };
      const { action, content } = await sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema);
      return { content: [{ type: 'text', text: `${action} ${String(content?.['name'])}` }] };
    }
    const answer = await runTool({
      name,
      args,
      signal,
      progress: async (progress, total) => {
        const progressToken = _meta?.progressToken;
        if (progressToken !== undefined)
          await sendNotification({ method: 'notifications/progress', params: { progressToken, progress, total } });
      },
      log: (data) => sendNotification({ method: 'notifications/message', params: { level: 'info', data } }),
    });
    return { ...answer };
  });
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => getPrompt(params.arguments));
  server.setRequestHandler(ReadResourceRequestSchema, ({ params }) => readResource(params.uri));
  return server;
}
