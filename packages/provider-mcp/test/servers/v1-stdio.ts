// The server of the first generation of the SDK over stdio.
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { createV1Server } from './v1-server.ts';

await createV1Server().connect(new StdioServerTransport());
