import { webcrypto } from 'node:crypto';
import { DpopSession, generateDpopKeyPair, type DpopKeyPair } from '@modelcontextprotocol/client';
import type { Challenge } from './challenge.ts';
import { metadataField, type AuthorizationServer } from './server-discovery.ts';

/** A key that tokens are bound to, as it is kept with them: a refresh token of a public client is of no use without it. */
export interface KeptDpopKey {
  readonly privateJwk: webcrypto.JsonWebKey;
  readonly publicJwk: DpopKeyPair['publicJwk'];
  readonly thumbprint: string;
}

const alg = 'ES256';
const curve = { name: 'ECDSA', namedCurve: 'P-256' };

/** Only where the MCP server asks for proofs: one that knows bearer tokens alone would refuse bound ones. */
export function wantsDpop({ metadata, dpopRequired }: AuthorizationServer, challenge: Challenge | undefined): boolean {
  return (dpopRequired || challenge?.dpop === true) && offeredAlgorithms(metadata).includes(alg);
}

function offeredAlgorithms(metadata: AuthorizationServer['metadata']): readonly unknown[] {
  const offered = metadataField(metadata, 'dpop_signing_alg_values_supported');
  return Array.isArray(offered) ? offered : [];
}

export async function createDpopKey(): Promise<KeptDpopKey> {
  const { privateKey, publicJwk, thumbprint } = await generateDpopKeyPair({ alg, extractable: true });
  return { privateJwk: await webcrypto.subtle.exportKey('jwk', privateKey), publicJwk, thumbprint };
}

export async function openDpopSession({ privateJwk, publicJwk, thumbprint }: KeptDpopKey): Promise<DpopSession> {
  const privateKey = await webcrypto.subtle.importKey('jwk', privateJwk, curve, false, ['sign']);
  const publicKey = await webcrypto.subtle.importKey('jwk', { ...publicJwk } as webcrypto.JsonWebKey, curve, true, [
    'verify',
  ]);
  return DpopSession.create({ keyPair: { privateKey, publicKey, publicJwk, thumbprint, alg } });
}
