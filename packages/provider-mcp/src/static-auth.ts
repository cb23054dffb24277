import type { SecretSource } from '@capstan/provider';
import { readCredentialHeader } from './auth-provider.ts';
import type { CredentialSource } from './auth-source.ts';
import type { HttpAuth } from './wire/http-auth.ts';

/** A credential from a variable, in a header of every request. */
export function staticAuth(credential: CredentialSource, secrets: SecretSource): HttpAuth {
  return {
    async headers(context) {
      const [name, value] = await readCredentialHeader(secrets, credential, context);
      return { [name.toLowerCase()]: value };
    },
  };
}
