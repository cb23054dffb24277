import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { firstText, type EchoClient } from '../client.ts';

export async function openSdkV2(url: string): Promise<EchoClient> {
  const client = new Client({ name: 'bench', version: '1.0.0' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));
  return {
    call: async (text) => firstText(await client.callTool({ name: 'echo', arguments: { text } })),
    close: () => client.close(),
  };
}
