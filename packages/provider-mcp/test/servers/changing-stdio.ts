// A server over stdio that says at each call that its tools changed. First argument: `legacy` or `modern`.
import { Server as LegacyServer } from '@modelcontextprotocol/sdk/server/index.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { CallToolRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

const info = { name: 'changing-server', version: '1.0.0' };
const capabilities = { tools: { listChanged: true } };
const done = { content: [{ type: 'text' as const, text: 'done' }] };

if (process.argv[2] === 'legacy') {
  const server = new LegacyServer(info, { capabilities });
  server.setRequestHandler(CallToolRequestSchema, async () => {
    await server.sendToolListChanged();
    return done;
  });
  await server.connect(new StdioServerTransport());
} else
  serveStdio(
    () => {
      const server = new Server(info, { capabilities });
      server.setRequestHandler('tools/call', async () => {
        await server.sendToolListChanged();
        return done;
      });
      return server;
    },
    { legacy: 'reject' },
  );
