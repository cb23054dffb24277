import { mcpProvider } from '@capstan/provider-mcp';
import { providerContract } from '@capstan/provider-testkit';
import { startModernServer } from './servers/modern-server.ts';

const token = 'contract-token-of-the-modern-server';

providerContract({
  name: 'MCP over HTTP, a server of revision 2026-07-28 that keeps no sessions',
  plugin: mcpProvider(),
  capability: {
    id: 'mcp.contract.echo',
    metadata: {
      mcp_server_url: 'http://127.0.0.1/mcp',
      mcp_server_url_override_env_var: 'CONTRACT_URL',
      mcp_requires_session: 'auto',
      mcp_auth_env_var: 'CONTRACT_TOKEN',
      mcp_tool_name: 'echo',
    },
  },
  call: { input: (text) => ({ text }), tagOf: (output) => output },
  upstream: {
    async start() {
      let refusal: number | undefined;
      const server = await startModernServer({
        token,
        interfere: (method) => {
          if (method !== 'tools/call') return undefined;
          const status = refusal;
          refusal = undefined;
          return status;
        },
      });
      return {
        stateless: true,
        environment: { CONTRACT_TOKEN: token },
        tcp: {
          port: Number(new URL(server.url).port),
          environment: (port) => ({ CONTRACT_URL: `http://127.0.0.1:${port}/mcp` }),
        },
        counts: () => ({ opened: 0, ended: 0, calls: server.counts.calls }),
        dropSessions: () => server.dropSessions(),
        stop: () => server.close(),
        refusals: { transient: () => void (refusal = 503), unauthorized: () => void (refusal = 401) },
      };
    },
  },
});
