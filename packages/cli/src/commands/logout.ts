import type { SignOutResult } from '@capstan/provider-mcp/oauth';
import type { ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { type SignInCommandOptions, withSignIns } from '../sign-in/with-sign-ins.ts';
import { visible } from '../style.ts';

/** Forgets a sign-in, here and, where it can be told, at the authorization server. Fine, too, where nobody was signed in. */
export async function logout(word: string, options: SignInCommandOptions, output: Output): Promise<ExitCode> {
  return await withSignIns(word, options, output, async ({ capability, signIns, caller, cancellation }) => {
    const result = await signIns.signOut(capability, { caller, signal: cancellation.signal });
    output.answer({
      document: { ...result, signedOut: result.issuer !== undefined, caller: caller.subject },
      text: () => visible(resultText(result)),
    });
    return 0;
  });
}

function resultText({ server, issuer, revoked }: SignOutResult): string {
  if (issuer === undefined) return `Nobody was signed in at ${server}.`;
  return `Signed out at ${server}: ${revoked ? `${issuer} has revoked it too.` : `${issuer} was not told, or did not confirm.`}`;
}
