import type { Provider } from '@capstan/provider';
import { graphqlProvider } from '@capstan/provider-graphql';
import { mcpProvider } from '@capstan/provider-mcp';

/** The provider plugins that the command brings along. */
export function bundledProviders(): readonly Provider[] {
  return [mcpProvider(), graphqlProvider()];
}
