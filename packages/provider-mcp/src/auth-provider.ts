import type { SecretSource } from '@capstan/provider';
import type { CallContext } from './call-context.ts';
import type { CredentialSource } from './auth-source.ts';
import { UpstreamError } from './upstream-error.ts';

/** The value of a variable, for one call. Throws `UNAUTHORIZED` where it is not set; nothing has been sent then. */
export async function readSecret(
  secrets: SecretSource,
  variable: string,
  context: CallContext,
  namedBy: string,
): Promise<string> {
  const { capability, caller } = context;
  const value = await secrets.read(variable, { capability, caller });
  if (value === undefined || value.trim() === '')
    throw refuse(`${variable} is not set. ${namedBy} in ${capability.source.file} names it: set it`, variable, context);
  context.secretValues.add(value).add(value.trim());
  return value;
}

/** The header that proves who calls, read anew for each request. */
export async function readCredentialHeader(
  secrets: SecretSource,
  credential: CredentialSource,
  context: CallContext,
): Promise<readonly [name: string, value: string]> {
  const { envVar, header, scheme } = credential;
  const secret = (await readSecret(secrets, envVar, context, 'mcp_auth_env_var')).trim();
  // Checked here because the fetch stack would quote the whole value in its own error.
  if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(secret))
    throw refuse(`${envVar} holds characters that no header can carry, a line break for example`, envVar, context);
  return [header, scheme === '' ? secret : `${scheme} ${secret}`];
}

// The session is sound and so is the upstream: only this caller lacks something.
function refuse(message: string, variable: string, { capability }: CallContext): UpstreamError {
  return new UpstreamError(
    'UNAUTHORIZED',
    `${capability.id}: ${message}.`,
    { kind: 'caller', sent: false },
    {
      details: { variable, file: capability.source.file },
    },
  );
}
