import { importPeer } from '../../peers/import-peer.ts';
import { firstText, type EchoClient, type ToolResult } from '../client.ts';

interface McpUse {
  readonly MCPClient: new (config: object) => {
    createSession(
      server: string,
    ): Promise<{ callTool(name: string, args: Readonly<Record<string, unknown>>): Promise<ToolResult> }>;
    closeAllSessions(): Promise<void>;
  };
}

const { MCPClient } = await importPeer<McpUse>('mcp-use/client');

export async function openMcpUse(url: string): Promise<EchoClient> {
  const client = new MCPClient({ mcpServers: { echo: { url } } });
  const session = await client.createSession('echo');
  return {
    call: async (text) => firstText(await session.callTool('echo', { text })),
    close: () => client.closeAllSessions(),
  };
}
