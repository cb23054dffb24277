import { importPeer } from '../../peers/import-peer.ts';
import { firstText, type EchoClient, type ToolResult } from '../client.ts';

interface AiSdk {
  createMCPClient(config: object): Promise<{
    callTool(call: { readonly name: string; readonly arguments: object }): Promise<ToolResult>;
    close(): Promise<void>;
  }>;
}

const aiSdk = await importPeer<AiSdk>('@ai-sdk/mcp');

export async function openAiSdk(url: string): Promise<EchoClient> {
  const client = await aiSdk.createMCPClient({ transport: { type: 'http', url } });
  return {
    call: async (text) => firstText(await client.callTool({ name: 'echo', arguments: { text } })),
    close: () => client.close(),
  };
}
