import type { IssuedToken } from './issued-token.ts';
import type { KeptDpopKey } from './dpop-key.ts';
import type { KeptClient } from './oauth-client.ts';
import type { AuthorizationServer } from './server-discovery.ts';

/** What is kept of a person's sign-in. Without a token it only remembers which authorization server it was. */
export interface SignIn {
  readonly version: 1;
  readonly server: AuthorizationServer;
  readonly client: KeptClient;
  readonly token?: IssuedToken | undefined;
  /** The scopes that were asked for, granted or not. */
  readonly asked: readonly string[];
  readonly dpopKey?: KeptDpopKey | undefined;
  /** Milliseconds since the epoch. */
  readonly signedInAt: number;
}

export function serializeSignIn(signIn: SignIn): string {
  return JSON.stringify(signIn);
}

/** Undefined where the text is no sign-in of this version: then there is none. */
export function parseSignIn(text: string | undefined): SignIn | undefined {
  if (text === undefined) return undefined;
  try {
    const value = JSON.parse(text) as Partial<SignIn> | null;
    const isOurs =
      value?.version === 1 &&
      typeof value.server?.issuer === 'string' &&
      typeof value.client?.clientId === 'string' &&
      Array.isArray(value.asked);
    return isOurs ? (value as SignIn) : undefined;
  } catch {
    return undefined;
  }
}
