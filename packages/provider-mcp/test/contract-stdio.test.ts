import { mcpProvider } from '@capstan/provider-mcp';
import { providerContract } from '@capstan/provider-testkit';
import { fileURLToPath } from 'node:url';
import { StdioRegister } from './servers/stdio-register.ts';

const script = fileURLToPath(new URL('./servers/registered-server.ts', import.meta.url));

providerContract({
  name: 'MCP over stdio, where a session is a process',
  plugin: mcpProvider(),
  capability: {
    id: 'mcp.contract.echo',
    metadata: {
      mcp_command: process.execPath,
      mcp_args: script,
      mcp_protocol: 'legacy',
      mcp_args_override_env_var: 'CONTRACT_ARGUMENTS',
      mcp_env: 'SERVER_TOKEN=CONTRACT_TOKEN',
      mcp_requires_session: true,
      mcp_tool_name: 'echo',
    },
  },
  call: { input: (text) => ({ text }), tagOf: (output) => output },
  secrets: ['CONTRACT_TOKEN'],
  rounds: 3,
  upstream: {
    async start() {
      const register = await StdioRegister.start();
      return {
        environment: { CONTRACT_ARGUMENTS: `${script}\n${register.port}` },
        counts: () => ({ opened: register.opened, ended: register.ended, calls: register.calls }),
        dropSessions: () => register.end(),
        stop: () => register.stop(),
        hold: () => register.hold(),
      };
    },
  },
});
