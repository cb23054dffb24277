import type { Capability } from '@capstan/provider';
import type { AuthorizeContext } from '@capstan/provider-mcp';
import type { SignInResult } from '@capstan/provider-mcp/oauth';
import { durationText } from '../duration-text.ts';
import type { ExitCode } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import { openBrowser } from '../sign-in/open-browser.ts';
import { listenForRedirect } from '../sign-in/redirect-listener.ts';
import { type SignInCommandOptions, withSignIns } from '../sign-in/with-sign-ins.ts';
import { visible } from '../style.ts';

export interface LoginOptions extends SignInCommandOptions {
  /** Undefined: where a person looks on. */
  readonly open?: boolean;
  readonly scope?: readonly string[];
  readonly redirectUrl?: string;
}

/** Signs a person in at the server of a capability, a URL or a manifest, and keeps the sign-in for all processes of this user. */
export async function login(word: string, options: LoginOptions, output: Output): Promise<ExitCode> {
  return await withSignIns(word, options, output, async ({ capability, signIns, caller, cancellation }) => {
    await using listener = await listenForRedirect({
      redirectUrl: options.redirectUrl,
      fixedPath: isRegistered(capability),
    });
    const result = await signIns.signIn(capability, {
      caller,
      redirectUrl: listener.url,
      scopes: options.scope ?? [],
      signal: cancellation.signal,
      authorize: async (url, context) => {
        await show(url, context, options.open ?? isWatched(), output);
        return await listener.answer(url.searchParams.get('state') ?? '', context.signal);
      },
    });
    output.answer({ document: { ...result, caller: caller.subject }, text: () => resultText(result) });
    return 0;
  });
}

/** A client that somebody described to the server beforehand: it knows the path, and takes any port (RFC 8252 §7.3). */
function isRegistered({ metadata }: Capability): boolean {
  return metadata['mcp_oauth_client_id_env_var'] !== undefined || metadata['mcp_oauth_metadata_url'] !== undefined;
}

function isWatched(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

async function show(url: URL, context: AuthorizeContext, open: boolean, output: Output): Promise<void> {
  const { server, issuer, previousIssuer, scopes } = context;
  if (previousIssuer !== undefined)
    output.note(
      visible(`warning: the last sign-in at ${server} was with ${previousIssuer}, this one is with ${issuer}`),
    );
  const rights = scopes.length === 0 ? 'its default rights' : scopes.join(' ');
  output.note(visible(`${issuer} will ask you to sign in and to allow: ${rights}`));
  const opened = open && (await openBrowser(url));
  output.note(visible(`${opened ? 'A browser opens. If none does, open' : 'Open'} this page: ${url.href}`));
}

function resultText({ server, issuer, client, scopes, expiresAt, renewable }: SignInResult): string {
  const lasting = expiresAt === undefined ? 'without a known end' : `for ${durationText(expiresAt - Date.now())}`;
  const rows = [
    `Signed in at ${server}`,
    `  issuer  ${issuer}`,
    `  client  ${client.id} (${clientKinds[client.kind]})`,
    `  scopes  ${scopes.length === 0 ? "the server's default" : scopes.join(' ')}`,
    `  valid   ${lasting}${renewable ? ', renewed by itself' : ', then sign in again'}`,
  ];
  return rows.map(visible).join('\n');
}

const clientKinds: Readonly<Record<SignInResult['client']['kind'], string>> = {
  configured: 'registered by hand',
  metadata: 'known by its metadata document',
  dynamic: 'registered by itself',
};
