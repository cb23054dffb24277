// The interactive servers over stdio. First argument: `legacy` or `modern`.
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { createInteractiveLegacyServer, createInteractiveModernServer } from './interactive-servers.ts';

if (process.argv[2] === 'legacy') await createInteractiveLegacyServer().connect(new StdioServerTransport());
else serveStdio(createInteractiveModernServer, { legacy: 'reject' });
