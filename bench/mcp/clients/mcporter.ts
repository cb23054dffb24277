import { importPeer } from '../../peers/import-peer.ts';
import { firstText, type EchoClient, type ToolResult } from '../client.ts';

interface Mcporter {
  createRuntime(options: object): Promise<{
    callTool(server: string, tool: string, options: { readonly args: object }): Promise<ToolResult>;
    close(): Promise<void>;
  }>;
}

const mcporter = await importPeer<Mcporter>('mcporter');

export async function openMcporter(url: string): Promise<EchoClient> {
  const runtime = await mcporter.createRuntime({
    servers: [{ name: 'echo', command: { kind: 'http', url: new URL(url) } }],
  });
  return {
    call: async (text) => firstText(await runtime.callTool('echo', 'echo', { args: { text } })),
    close: () => runtime.close(),
  };
}
