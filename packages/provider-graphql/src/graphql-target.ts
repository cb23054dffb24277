import type { Capability } from '@capstan/provider';
import { type AuthSource, parseAuth } from './auth-source.ts';
import { type HeaderTemplate, parseHeaders } from './header-template.ts';
import { flag, invalid, text, words } from './metadata-values.ts';

/** The endpoint of a capability, and how it is talked to. */
export interface GraphqlTarget {
  readonly url: URL;
  /** For people: without query. */
  readonly where: string;
  readonly allowInsecure: boolean;
  readonly auth: AuthSource | undefined;
  readonly headers: readonly HeaderTemplate[];
  /** Values of `extensions.code` and HTTP statuses by which the upstream says that credentials are missing or refused. */
  readonly expiredCodes: ReadonlySet<string>;
  readonly expiredStatuses: ReadonlySet<number>;
}

/** Reads the endpoint of a capability out of its metadata. Throws `MANIFEST_INVALID`. */
export function parseTarget(capability: Capability): GraphqlTarget {
  const value = text(capability, 'graphql_endpoint');
  if (value === undefined) throw invalid(capability, 'graphql_endpoint is missing');
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw invalid(capability, 'graphql_endpoint is not an http or https URL');
  if (url.username !== '' || url.password !== '')
    throw invalid(capability, 'graphql_endpoint holds credentials; name a variable in graphql_auth_env_var instead');
  url.hash = '';
  const allowInsecure = flag(capability, 'graphql_allow_insecure');
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !allowInsecure)
    throw invalid(
      capability,
      'graphql_endpoint is plain http beyond loopback; use https, or set graphql_allow_insecure: true',
    );
  return {
    url,
    where: url.origin + url.pathname,
    allowInsecure,
    auth: parseAuth(capability),
    headers: parseHeaders(capability),
    expiredCodes: new Set(
      text(capability, 'graphql_session_expired_codes') === undefined
        ? ['UNAUTHENTICATED']
        : words(capability, 'graphql_session_expired_codes'),
    ),
    expiredStatuses: new Set(
      text(capability, 'graphql_session_expired_status') === undefined
        ? [401]
        : words(capability, 'graphql_session_expired_status').map(Number),
    ),
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
