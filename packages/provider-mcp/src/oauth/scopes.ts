import type { OAuthSource } from '../auth-source.ts';
import type { Challenge } from './challenge.ts';
import type { AuthorizationServer } from './server-discovery.ts';

export interface ScopeChoice {
  readonly auth: OAuthSource;
  readonly server: AuthorizationServer;
  readonly challenge: Challenge | undefined;
  /** On top of what would be asked for: granted before, or demanded since. */
  readonly more?: readonly string[];
}

/** What the manifest says, else what the challenge asks for, else what the MCP server lists, else nothing: the server's own default. */
export function chooseScopes({ auth, server, challenge, more = [] }: ScopeChoice): readonly string[] {
  const chosen = [auth.scopes, challenge?.scopes ?? [], server.resourceScopes ?? []].find(
    (scopes) => scopes.length > 0,
  );
  const scopes = union(more, chosen ?? []);
  const offersRefresh = server.metadata?.scopes_supported?.includes('offline_access') === true;
  // Where no scope is named the server decides, and one alone would make it decide otherwise.
  return auth.grant === 'authorization-code' && offersRefresh && scopes.length > 0
    ? union(scopes, ['offline_access'])
    : scopes;
}

export function union(...lists: readonly (readonly string[])[]): readonly string[] {
  return [...new Set(lists.flat())];
}

export function includesAll(scopes: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((scope) => scopes.includes(scope));
}
