import type { CallContext } from '../call-context.ts';
import type { HttpAuth, HttpRefusalFacts, OutgoingRequest } from '../wire/http-auth.ts';
import { readChallenge, type Challenge } from './challenge.ts';
import type { UsableToken } from './issued-token.ts';
import type { OAuthCredential } from './oauth-credential.ts';
import { scopesMissing, tokenRefused, type OAuthScene } from './oauth-failure.ts';

export interface OAuthHttpAuthOptions {
  /** The MCP server: tokens are sent to its origin and to no other. */
  readonly serverUrl: URL;
  /** The same, for people. */
  readonly where: string;
  readonly credentialOf: (context: CallContext) => Promise<OAuthCredential>;
  /** Of the plugin. */
  readonly signal: AbortSignal;
}

/** How the last request of a call was sent, and how often each kind of refusal may still be answered. */
interface Sent {
  readonly usable: UsableToken | undefined;
  readonly tries: Readonly<Record<Reason, number>>;
}

type Reason = 'rejected' | 'scopes' | 'nonce';

/** Of one request. Rights twice: a token that others fetched meanwhile may have more of them, and yet not the right ones. */
const mostTries = { rejected: 1, scopes: 2, nonce: 2 } as const;

/**
 * Access tokens in the requests to one server. A refusal for want of a token (401) or of rights (403 `insufficient_scope`) is answered with a new token,
 * one for want of a nonce (RFC 9449 §9) with a new proof, a few times at most; where none is to be had, or it does not help, a `CapstanError` says what
 * to do.
 */
export function createOAuthHttpAuth({ serverUrl, where, credentialOf, signal }: OAuthHttpAuthOptions): HttpAuth {
  const sent = new WeakMap<CallContext, Sent>();
  const sceneOf = ({ capability }: CallContext): OAuthScene => ({ capability, where });

  async function headers(context: CallContext, request: OutgoingRequest): Promise<Readonly<Record<string, string>>> {
    if (!isWithinOrigin(serverUrl, request.url)) return {};
    const credential = await credentialOf(context);
    const usable = await credential.token({ context, scene: sceneOf(context), signal });
    sent.set(context, { usable, tries: sent.get(context)?.tries ?? mostTries });
    if (usable === undefined) return {};
    context.secretValues.add(usable.token.accessToken);
    return proofOf(usable, request);
  }

  async function refused(context: CallContext, facts: HttpRefusalFacts): Promise<boolean> {
    const challenge = challengeOf(facts);
    const reason = reasonOf(facts, challenge);
    if (reason === undefined) return false;
    const scene = sceneOf(context);
    const last = sent.get(context);
    const tries = facts.refusals === 0 || last === undefined ? mostTries : last.tries;
    if (tries[reason] === 0) throw failureOf(reason, challenge, scene);
    if (reason === 'nonce') last?.usable?.dpop?.rememberNonce(serverUrl, facts.dpopNonce ?? '');
    else {
      const credential = await credentialOf(context);
      await credential.renew({ reason, token: last?.usable?.token, challenge, context, scene, signal });
    }
    sent.set(context, { usable: last?.usable, tries: { ...tries, [reason]: tries[reason] - 1 } });
    return true;
  }

  return { headers, refused };
}

function challengeOf({ status, challenge }: HttpRefusalFacts): Challenge {
  return readChallenge(
    new Response(null, { status, headers: challenge === undefined ? {} : { 'www-authenticate': challenge } }),
  );
}

function reasonOf(
  { status, dpopNonce }: HttpRefusalFacts,
  { insufficientScope, wantsDpopNonce }: Challenge,
): Reason | undefined {
  if (wantsDpopNonce && dpopNonce !== undefined) return 'nonce';
  if (status === 401) return 'rejected';
  return insufficientScope ? 'scopes' : undefined;
}

function failureOf(reason: Reason, { scopes }: Challenge, scene: OAuthScene): Error {
  return reason === 'scopes' ? scopesMissing(scene, scopes, { login: false }) : tokenRefused(scene);
}

async function proofOf(
  { token: { accessToken, type }, dpop }: UsableToken,
  { method, url }: OutgoingRequest,
): Promise<Readonly<Record<string, string>>> {
  if (type === 'bearer' || dpop === undefined) return { authorization: `Bearer ${accessToken}` };
  return {
    authorization: `DPoP ${accessToken}`,
    dpop: await dpop.buildProof({ htm: method, htu: url, accessToken }),
  };
}

function isWithinOrigin(from: URL, to: URL): boolean {
  return from.origin === to.origin;
}
