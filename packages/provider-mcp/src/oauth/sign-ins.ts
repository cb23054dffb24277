import { createEgress } from '@capstan/http-egress';
import {
  CapstanError,
  type Caller,
  type Capability,
  type EgressPolicy,
  type Logger,
  type SecretSource,
} from '@capstan/provider';
import { readSecret } from '../auth-provider.ts';
import type { OAuthSource } from '../auth-source.ts';
import { createCallContext } from '../call-context.ts';
import { parseTarget, type HttpTarget } from '../mcp-target.ts';
import type { Authorize } from './authorize.ts';
import { readChallenge, type Challenge } from './challenge.ts';
import { signInKey } from './credential-key.ts';
import { createFileTokenStore } from './file-token-store.ts';
import { createPersonTokens } from './oauth-authorizer.ts';
import { restoreClient, type ReadVariable } from './oauth-client.ts';
import { authorizationFailed } from './oauth-failure.ts';
import type { PersonTokens } from './person-tokens.ts';
import { revokeToken } from './revocation.ts';
import { chooseScopes, union } from './scopes.ts';
import type { SignIn } from './sign-in.ts';
import type { RenewRequest } from './token-source.ts';
import type { TokenStore } from './token-store.ts';
import { fetchByTrust } from './url-trust.ts';

export interface SignInsOptions {
  readonly secrets: SecretSource;
  readonly logger: Logger;
  /** Default: encrypted files in the user's data folder. */
  readonly store?: TokenStore;
  readonly egress?: EgressPolicy;
}

export interface SignInOptions {
  readonly caller: Caller;
  readonly authorize: Authorize;
  /** Where `authorize` waits for the answer. */
  readonly redirectUrl: URL;
  /** On top of those that the manifest or the server names. */
  readonly scopes?: readonly string[];
  readonly signal: AbortSignal;
}

export interface SignInResult {
  /** The MCP server. */
  readonly server: string;
  readonly issuer: string;
  readonly client: { readonly kind: 'configured' | 'metadata' | 'dynamic'; readonly id: string };
  readonly scopes: readonly string[];
  /** Of the access token, in milliseconds since the epoch. */
  readonly expiresAt?: number;
  /** It is renewed without asking again. */
  readonly renewable: boolean;
}

export interface SignOutResult {
  readonly server: string;
  /** Absent: nobody was signed in. */
  readonly issuer?: string;
  /** The authorization server has confirmed that it forgets the sign-in. */
  readonly revoked: boolean;
}

/** People's sign-ins at MCP servers, outside any call: what `capstan login` and `capstan logout` do. */
export interface SignIns extends AsyncDisposable {
  /** Where a person has to sign in for this capability (`mcp_auth: oauth2_code`); undefined where nobody has to. */
  serverOf(capability: Capability): string | undefined;
  signIn(capability: Capability, options: SignInOptions): Promise<SignInResult>;
  signOut(capability: Capability, options: Pick<SignInOptions, 'caller' | 'signal'>): Promise<SignOutResult>;
}

export function createSignIns({
  secrets,
  logger,
  store = createFileTokenStore(),
  egress: policy = {},
}: SignInsOptions): SignIns {
  const egress = createEgress({ policy });

  function open(
    capability: Capability,
    { caller, signal }: Pick<SignInOptions, 'caller' | 'signal'>,
    redirectUrl?: URL,
  ): Opened {
    const { target, auth } = targetOf(capability);
    const context = createCallContext({ capability, caller });
    const key = signInKey(target, auth, caller);
    const options = {
      secrets,
      logger,
      store,
      egress,
      signal,
      ...(redirectUrl === undefined ? {} : { redirectUrl: redirectUrl.href }),
    };
    const request: RenewRequest = {
      reason: 'rejected',
      token: undefined,
      context,
      signal,
      scene: { capability, where: target.where },
    };
    const tokens = createPersonTokens({ target, auth, caller, key, options });
    const read: ReadVariable = (variable, namedBy) => readSecret(secrets, variable, context, namedBy);
    return { target, auth, key, request, tokens, read };
  }

  return {
    serverOf: (capability) => findSource(capability)?.target.where,
    signIn: async (capability, options) => {
      const opened = open(capability, options, options.redirectUrl);
      const { target, auth, request, tokens } = opened;
      const challenge = await askForChallenge(
        target,
        egress.fetchAs({ trust: 'declared', redirect: 'none', allowInsecure: target.allowInsecure }),
        options.signal,
      );
      return naming(opened, async () => {
        const known = await tokens.read();
        const server = await tokens.discover(known, { ...request, challenge });
        if (challenge === undefined && server.guessed)
          throw new CapstanError(
            'UPSTREAM_ERROR',
            `${target.where} asks for no sign-in: it answers without one and names no authorization server.`,
            { details: { server: target.where } },
          );
        const scopes = chooseScopes({ auth, server, challenge, more: options.scopes ?? [] });
        await tokens.signIn(known, server, scopes, { ...request, challenge, authorize: options.authorize });
        return resultOf(target, await tokens.read());
      });
    },
    signOut: async (capability, options) => {
      const opened = open(capability, options);
      const signIn = await opened.tokens.read();
      const revoked = signIn === undefined ? false : await revoke(opened, signIn);
      await store.delete(opened.key);
      return {
        server: opened.target.where,
        ...(signIn === undefined ? {} : { issuer: signIn.server.issuer }),
        revoked,
      };
    },
    [Symbol.asyncDispose]: () => egress.close(),
  };

  /** What is here is deleted whether or not the server can be told. */
  async function revoke(
    { target, auth, request, read }: Opened,
    { server, client: kept, token }: SignIn,
  ): Promise<boolean> {
    if (token === undefined) return false;
    try {
      const client = await restoreClient(kept, auth, read, request.scene);
      if (client === undefined) return false;
      const fetch = fetchByTrust((rules) => egress.fetchAs(rules), {
        declared: [target.url],
        allowInsecure: target.allowInsecure,
      });
      const { refreshToken = token.accessToken } = token;
      const hint = token.refreshToken === undefined ? 'access_token' : 'refresh_token';
      return await revokeToken({ server, client, fetch }, refreshToken, hint);
    } catch (error) {
      const failure = authorizationFailed(error, request.scene, [
        ...request.context.secretValues,
        token.accessToken,
        token.refreshToken ?? '',
        kept.clientSecret ?? '',
      ]);
      logger.log('warning', 'mcp.oauth-not-revoked', { server: target.where, reason: failure.message });
      return false;
    }
  }
}

interface Opened {
  readonly target: HttpTarget;
  readonly auth: OAuthSource;
  readonly key: string;
  readonly request: RenewRequest;
  readonly tokens: PersonTokens;
  readonly read: ReadVariable;
}

async function naming<T>({ request }: Opened, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    request.signal.throwIfAborted();
    throw authorizationFailed(error, request.scene, request.context.secretValues);
  }
}

function findSource(capability: Capability): { readonly target: HttpTarget; readonly auth: OAuthSource } | undefined {
  const target = parseTarget(capability);
  if (target.transport === 'stdio' || target.auth?.kind !== 'oauth') return undefined;
  return target.auth.grant === 'authorization-code' ? { target, auth: target.auth } : undefined;
}

function targetOf(capability: Capability): { readonly target: HttpTarget; readonly auth: OAuthSource } {
  const found = findSource(capability);
  if (found !== undefined) return found;
  throw new CapstanError(
    'MANIFEST_INVALID',
    `${capability.id}: nobody signs in for this capability. Its manifest would say mcp_auth: oauth2_code.`,
    { details: { capability: capability.id } },
  );
}

/** A harmless request without credentials: what a server demands stands in its refusal. Undefined where it refuses nothing. */
async function askForChallenge(
  { url }: HttpTarget,
  fetch: typeof globalThis.fetch,
  signal: AbortSignal,
): Promise<Challenge | undefined> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' }),
    signal,
  });
  await response.body?.cancel();
  return response.status === 401 ? readChallenge(response) : undefined;
}

function resultOf({ where }: HttpTarget, signIn: SignIn | undefined): SignInResult {
  if (signIn?.token === undefined)
    throw new CapstanError('UPSTREAM_ERROR', 'The sign-in could not be kept: the token store gave nothing back.');
  const { server, client, token, asked } = signIn;
  return {
    server: where,
    issuer: server.issuer,
    client: { kind: client.kind, id: client.clientId },
    scopes: token.scopes.length > 0 ? token.scopes : union(asked),
    ...(token.expiresAt === undefined ? {} : { expiresAt: token.expiresAt }),
    renewable: token.refreshToken !== undefined,
  };
}
