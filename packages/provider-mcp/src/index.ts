export { mcpProvider, type McpProviderOptions } from './mcp-provider.ts';
export type { McpSession } from './mcp-session.ts';
export type { Authorize, AuthorizeContext } from './oauth/authorize.ts';
export type { AssertionContext, AuthorizationGrant } from './oauth/machine-tokens.ts';
export type { OAuthOptions } from './oauth/oauth-authorizer.ts';
export type { TokenStore } from './oauth/token-store.ts';
