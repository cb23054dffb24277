import { mcpProvider } from '@capstan/provider-mcp';
import { providerContract } from '@capstan/provider-testkit';
import { startLegacyServer } from './servers/legacy-server.ts';

const token = 'contract-token-of-the-legacy-server';

providerContract({
  name: 'MCP over HTTP, a server of the 2025 revisions with sessions',
  plugin: mcpProvider(),
  capability: {
    id: 'mcp.contract.echo',
    metadata: {
      mcp_server_url: 'http://127.0.0.1/mcp',
      mcp_server_url_override_env_var: 'CONTRACT_URL',
      mcp_requires_session: true,
      mcp_auth_env_var: 'CONTRACT_TOKEN',
      mcp_tool_name: 'echo',
    },
  },
  call: { input: (text) => ({ text }), tagOf: (output) => output },
  upstream: {
    async start() {
      const server = await startLegacyServer({ token });
      return {
        environment: { CONTRACT_TOKEN: token },
        tcp: {
          port: Number(new URL(server.url).port),
          environment: (port) => ({ CONTRACT_URL: `http://127.0.0.1:${port}/mcp` }),
        },
        counts: () => ({
          opened: server.counts.initialize,
          ended: server.counts.initialize - server.sessionIds.length,
          calls: server.counts.calls,
        }),
        dropSessions: () => server.dropSessions(),
        stop: () => server.close(),
        refusals: { unauthorized: () => server.expectToken('another token') },
      };
    },
  },
});
