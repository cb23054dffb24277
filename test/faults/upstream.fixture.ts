/** An MCP server of the 2025 revisions as a process: prints its address; a line on stdin makes it forget its sessions, as a restart would. */
import { createInterface } from 'node:readline';
import { startLegacyServer } from '../../packages/provider-mcp/test/servers/legacy-server.ts';

const server = await startLegacyServer({ answers: 'json' });
console.log(server.url);
createInterface(process.stdin)
  .on('line', () => {
    void server.dropSessions().then(() => console.log(JSON.stringify(server.counts)));
  })
  .on('close', () => void server.close());
