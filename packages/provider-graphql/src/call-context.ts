import { CapstanError, type Caller, type Capability, type SecretSource } from '@capstan/provider';
import { UpstreamError } from './upstream-error.ts';

/** On whose behalf a request is made, and which secrets were read for it. */
export interface CallContext {
  readonly capability: Capability;
  readonly caller: Caller;
  readonly secrets: SecretSource;
  /** Values read for this call, to be struck out of what the upstream says. Emptied at its end. */
  readonly secretValues: Set<string>;
}

/**
 * The value of a variable, without white space at its ends. Throws `UNAUTHORIZED` where it is not set, or could not stand in a header;
 * nothing has been sent then. `namedBy`: the key that names it.
 */
export async function readSecret(variable: string, namedBy: string, context: CallContext): Promise<string> {
  const { capability, caller, secrets, secretValues } = context;
  const value = (await secrets.read(variable, { capability, caller }))?.trim() ?? '';
  if (value === '')
    throw refused(
      `${variable} is not set. ${namedBy} in ${capability.source.file} names it: set it`,
      variable,
      context,
    );
  secretValues.add(value);
  // Checked here because what stands below would quote the whole value in its own error.
  if (!/^[\t\u0020-\u007e\u0080-\u00ff]*$/.test(value))
    throw refused(`${variable} holds characters that no header can carry, a line break for example`, variable, context);
  return value;
}

// The session is sound and so is the upstream: only this caller lacks something.
function refused(problem: string, variable: string, { capability }: CallContext): CapstanError {
  return new UpstreamError(
    'UNAUTHORIZED',
    `${capability.id}: ${problem}.`,
    { kind: 'caller', sent: false },
    { details: { variable, file: capability.source.file } },
  );
}

/** A text of the upstream's without the secrets of the call. */
export function strikeOut(text: string, secretValues: Iterable<string>): string {
  let result = text;
  // The longest first: one may begin with another, and its rest would stay.
  for (const value of [...secretValues].toSorted((a, b) => b.length - a.length))
    // Striking out one or two letters would garble every message and hide nothing.
    if (value.length >= 4) result = result.replaceAll(value, '[secret]');
  return result;
}
