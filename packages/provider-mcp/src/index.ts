export { mcpProvider, type McpProviderOptions } from './mcp-provider.ts';
export type { McpSession } from './mcp-session.ts';
