import type { Capability } from '@capstan/provider';
import { invalid, oneOf, text, words } from './metadata-values.ts';

/** A credential in a variable, and how it travels. Holds the variable's name, never its value. */
export interface CredentialSource {
  readonly kind: 'static';
  readonly envVar: string;
  readonly header: string;
  /** Empty: the bare value is sent. */
  readonly scheme: string;
}

/** OAuth 2.1. Holds names of variables, never their values. */
export interface OAuthSource {
  readonly kind: 'oauth';
  /** `client-credentials`: the program is who it is. `authorization-code`: a person signs in, with `capstan login`. */
  readonly grant: 'client-credentials' | 'authorization-code';
  readonly clientIdEnvVar?: string;
  readonly clientSecretEnvVar?: string;
  /** PKCS#8 in PEM: the client proves itself by a signed assertion instead of a secret (RFC 7523). */
  readonly privateKeyEnvVar?: string;
  /** `none`: a public client, or one that an assertion of the host app stands for (RFC 7523 §2.1). */
  readonly clientAuth: 'basic' | 'post' | 'none';
  readonly scopes: readonly string[];
  /** Secrets go to this authorization server and to no other. */
  readonly issuer?: string;
  /** The client ID metadata document by which we introduce ourselves (CIMD). */
  readonly clientMetadataUrl?: string;
}

export type AuthSource = CredentialSource | OAuthSource;

/** Reads how a server wants to be authenticated to. Throws `MANIFEST_INVALID`. */
export function parseAuth(capability: Capability): AuthSource | undefined {
  const envVar = text(capability, 'mcp_auth_env_var');
  const auth =
    text(capability, 'mcp_auth') === undefined
      ? envVar === undefined
        ? 'none'
        : 'bearer'
      : oneOf(capability, 'mcp_auth', ['none', 'bearer', 'oauth2', 'oauth2_code']);
  switch (auth) {
    case 'none':
      return undefined;
    case 'bearer':
      if (envVar === undefined) throw invalid(capability, 'mcp_auth: bearer needs mcp_auth_env_var');
      return {
        kind: 'static',
        envVar,
        header: text(capability, 'mcp_auth_header') ?? 'Authorization',
        scheme: text(capability, 'mcp_auth_scheme') ?? 'Bearer',
      };
    case 'oauth2':
    case 'oauth2_code':
      return parseOAuth(capability, auth);
  }
}

function parseOAuth(capability: Capability, auth: 'oauth2' | 'oauth2_code'): OAuthSource {
  const clientIdEnvVar = text(capability, 'mcp_oauth_client_id_env_var');
  const clientSecretEnvVar = text(capability, 'mcp_oauth_client_secret_env_var');
  const privateKeyEnvVar = text(capability, 'mcp_oauth_private_key_env_var');
  const clientAuth = oneOf(capability, 'mcp_oauth_client_auth', ['basic', 'post', 'none']);
  const issuer = text(capability, 'mcp_oauth_issuer');
  const clientMetadataUrl = text(capability, 'mcp_oauth_metadata_url');
  if (auth === 'oauth2' && clientIdEnvVar === undefined)
    throw invalid(capability, 'mcp_auth: oauth2 needs mcp_oauth_client_id_env_var');
  const provesItself = clientSecretEnvVar !== undefined || privateKeyEnvVar !== undefined;
  if (clientAuth === 'none' && provesItself)
    throw invalid(capability, 'mcp_oauth_client_auth: none is for a client without secret and private key');
  if (auth === 'oauth2' && clientAuth !== 'none' && !provesItself)
    throw invalid(
      capability,
      'mcp_auth: oauth2 needs mcp_oauth_client_secret_env_var or mcp_oauth_private_key_env_var; mcp_auth: oauth2_code lets a person sign in',
    );
  if (clientSecretEnvVar !== undefined && privateKeyEnvVar !== undefined)
    throw invalid(capability, 'say one of mcp_oauth_client_secret_env_var and mcp_oauth_private_key_env_var');
  return {
    kind: 'oauth',
    grant: auth === 'oauth2' ? 'client-credentials' : 'authorization-code',
    clientAuth,
    scopes: words(capability, 'mcp_oauth_scope'),
    ...(clientIdEnvVar === undefined ? {} : { clientIdEnvVar }),
    ...(clientSecretEnvVar === undefined ? {} : { clientSecretEnvVar }),
    ...(privateKeyEnvVar === undefined ? {} : { privateKeyEnvVar }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(clientMetadataUrl === undefined ? {} : { clientMetadataUrl }),
  };
}
