import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { firstText, type EchoClient, type ToolResult } from '../client.ts';

export async function openSdkV1(url: string): Promise<EchoClient> {
  const client = new Client({ name: 'bench', version: '1.0.0' });
  // Its own class does not fit its own interface under exactOptionalPropertyTypes.
  await client.connect(new StreamableHTTPClientTransport(new URL(url)) as Transport);
  return {
    call: async (text) => firstText((await client.callTool({ name: 'echo', arguments: { text } })) as ToolResult),
    close: () => client.close(),
  };
}
