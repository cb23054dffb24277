import { importPeer } from '../../peers/import-peer.ts';
import type { EchoClient } from '../client.ts';

interface Utcp {
  readonly UtcpClient: {
    create(
      folder: string,
      config: object,
    ): Promise<{
      callTool(name: string, args: Readonly<Record<string, unknown>>): Promise<unknown>;
      close(): Promise<void>;
    }>;
  };
}

interface UtcpMcp {
  readonly McpCallTemplateSerializer: new () => { validateDict(template: object): object };
}

const { UtcpClient } = await importPeer<Utcp>('@utcp/sdk');
const { McpCallTemplateSerializer } = await importPeer<UtcpMcp>('@utcp/mcp');

export async function openUtcp(url: string): Promise<EchoClient> {
  const template = new McpCallTemplateSerializer().validateDict({
    name: 'bench',
    call_template_type: 'mcp',
    config: { mcpServers: { upstream: { transport: 'http', url } } },
  });
  const client = await UtcpClient.create(process.cwd(), { manual_call_templates: [template] });
  return {
    // It hands out what the text block says, parsed where that is JSON.
    call: async (text) => String(await client.callTool('bench.upstream.echo', { text })),
    close: () => client.close(),
  };
}
