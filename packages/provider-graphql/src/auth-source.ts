import type { Capability } from '@capstan/provider';
import { checkHeader } from './header-template.ts';
import { invalid, oneOf, text } from './metadata-values.ts';

/** Where a credential is, and how it travels. Holds names of variables, never their values. */
export type AuthSource =
  | {
      readonly kind: 'header';
      readonly envVar: string;
      readonly header: string;
      /** Empty: the bare value is sent. */
      readonly scheme: string;
    }
  | { readonly kind: 'basic'; readonly userEnvVar: string; readonly passwordEnvVar: string };

/** Reads how an endpoint wants to be authenticated to; undefined: not at all. Throws `MANIFEST_INVALID`. */
export function parseAuth(capability: Capability): AuthSource | undefined {
  const envVar = text(capability, 'graphql_auth_env_var');
  checkHeader(capability, 'graphql_auth_header', text(capability, 'graphql_auth_header') ?? '');
  const auth =
    text(capability, 'graphql_auth') === undefined
      ? envVar === undefined
        ? 'none'
        : 'bearer'
      : oneOf(capability, 'graphql_auth', ['none', 'bearer', 'api_key', 'basic']);
  switch (auth) {
    case 'none':
      return undefined;
    case 'bearer':
    case 'api_key':
      if (envVar === undefined) throw invalid(capability, `graphql_auth: ${auth} needs graphql_auth_env_var`);
      return {
        kind: 'header',
        envVar,
        header: text(capability, 'graphql_auth_header') ?? (auth === 'bearer' ? 'Authorization' : 'X-API-Key'),
        scheme: text(capability, 'graphql_auth_scheme') ?? (auth === 'bearer' ? 'Bearer' : ''),
      };
    case 'basic': {
      const userEnvVar = text(capability, 'graphql_basic_user_env_var');
      const passwordEnvVar = text(capability, 'graphql_basic_password_env_var');
      if (userEnvVar === undefined || passwordEnvVar === undefined)
        throw invalid(
          capability,
          'graphql_auth: basic needs graphql_basic_user_env_var and graphql_basic_password_env_var',
        );
      return { kind: 'basic', userEnvVar, passwordEnvVar };
    }
  }
}

/** The variables that hold the credential. */
export function authVariables(auth: AuthSource | undefined): readonly string[] {
  if (auth === undefined) return [];
  return auth.kind === 'header' ? [auth.envVar] : [auth.userEnvVar, auth.passwordEnvVar];
}
