// A server over stdio. First argument: `dual` (both eras), `legacy` (2025 revisions only), `stubborn` (does not
// want to end) or `dies` (says why, and exits).
import { Server as LegacyServer } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { runTool } from './offers.ts';

const [, , form = 'dual', ...rest] = process.argv;
const info = { name: 'stdio-test-server', version: '1.0.0' };
const capabilities = { tools: {}, logging: {} };

interface Context {
  readonly signal: AbortSignal;
  readonly progress: (progress: number, total: number) => Promise<void>;
  readonly log: (text: string) => Promise<void>;
}

async function call(name: string, args: Record<string, unknown> | undefined, context: Context) {
  if (name === 'inspect') {
    const facts = { pid: process.pid, cwd: process.cwd(), args: rest, env: process.env };
    return {
      content: [{ type: 'text' as const, text: 'facts' }],
      structuredContent: JSON.parse(JSON.stringify(facts)),
    };
  }
  if (name === 'exit') process.exit(3);
  if (name === 'chatter') {
    process.stderr.write('x'.repeat(Number(args?.['bytes'])));
    return { content: [{ type: 'text' as const, text: 'said' }] };
  }
  return { ...(await runTool({ name, args: args ?? {}, ...context })) };
}

if (form === 'stubborn') {
  process.on('SIGTERM', () => undefined);
  setInterval(() => undefined, 60_000);
}
if (form === 'dies') {
  for (let line = 1; line <= 7; line += 1) process.stderr.write(`reason ${line} ${process.env['CHILD_TOKEN'] ?? ''}\n`);
  process.exitCode = 1;
} else if (form === 'legacy') {
  const server = new LegacyServer(info, { capabilities });
  server.setRequestHandler(CallToolRequestSchema, ({ params }, extra) =>
    call(params.name, params.arguments, {
      signal: extra.signal,
      progress: async (progress, total) => {
        const progressToken = extra._meta?.progressToken;
        if (progressToken !== undefined)
          await extra.sendNotification({
            method: 'notifications/progress',
            params: { progressToken, progress, total },
          });
      },
      log: (data) => extra.sendNotification({ method: 'notifications/message', params: { level: 'critical', data } }),
    }),
  );
  await server.connect(new StdioServerTransport());
} else {
  serveStdio(() => {
    const server = new Server(info, { capabilities });
    server.setRequestHandler('tools/call', ({ params }, { mcpReq }) =>
      call(params.name, params.arguments, {
        signal: mcpReq.signal,
        progress: async (progress, total) => {
          const progressToken = mcpReq._meta?.progressToken;
          if (progressToken !== undefined)
            await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total } });
        },
        log: async () => undefined,
      }),
    );
    return server;
  });
}
