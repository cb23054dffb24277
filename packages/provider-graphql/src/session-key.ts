import { createHash } from 'node:crypto';
import type { SessionKey } from '@capstan/provider';
import { type AuthSource, authVariables } from './auth-source.ts';
import type { GraphqlTarget } from './graphql-target.ts';
import { headerVariables } from './header-template.ts';

/** Equal for equal endpoint, headers and identity. Holds names of variables, never a value. */
export function sessionKeyOf({ url, where, auth, headers }: GraphqlTarget): SessionKey {
  const envVars = [...authVariables(auth), ...headerVariables(headers)];
  return {
    upstream: [
      // A query can choose another server behind the same path, and can hold a secret.
      url.search === '' ? where : `${where}?sha256=${digest(url.search)}`,
      ...(auth === undefined ? [] : [describeAuth(auth)]),
      ...(headers.length === 0 ? [] : [`headers sha256=${digest(JSON.stringify(headers))}`]),
    ],
    identity: envVars.length === 0 ? { kind: 'none' } : { kind: 'static', envVars },
  };
}

function describeAuth(auth: AuthSource): string {
  return auth.kind === 'basic' ? 'basic' : `${auth.header.toLowerCase()}: ${auth.scheme}`.trimEnd();
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
