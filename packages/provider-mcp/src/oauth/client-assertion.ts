import { constants, createPrivateKey, randomUUID, sign, type KeyObject } from 'node:crypto';

const lifetimeSeconds = 60;

export interface SigningKey {
  readonly key: KeyObject;
  /** What the key can sign with, the usual one first (RFC 7518 §3.1). */
  readonly algorithms: readonly string[];
}

const curveAlgorithms: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

/** Reads a private key in PEM; line breaks may be written as `\n`, as variables often hold them. Undefined where it is none that can sign. */
export function parseSigningKey(pem: string): SigningKey | undefined {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem.replaceAll(String.raw`\n`, '\n'));
  } catch {
    return undefined;
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = key;
  if (asymmetricKeyType === 'rsa') return { key, algorithms: ['RS256', 'PS256', 'RS384', 'PS384', 'RS512', 'PS512'] };
  if (asymmetricKeyType === 'ed25519') return { key, algorithms: ['EdDSA', 'Ed25519'] };
  const algorithm = curveAlgorithms[asymmetricKeyDetails?.namedCurve ?? ''];
  return asymmetricKeyType === 'ec' && algorithm !== undefined ? { key, algorithms: [algorithm] } : undefined;
}

export interface AssertionClaims {
  readonly clientId: string;
  /** The authorization server's issuer. */
  readonly audience: string;
  /** What the authorization server takes; absent: it does not say. */
  readonly accepted?: readonly string[] | undefined;
}

/** A JWT by which a client proves itself, good for a minute and one use (RFC 7523 §3). */
export function signClientAssertion(
  { key, algorithms }: SigningKey,
  { clientId, audience, accepted }: AssertionClaims,
  now = Date.now(),
): string {
  const alg = algorithms.find((name) => accepted?.includes(name) ?? true) ?? algorithms[0] ?? 'RS256';
  const issuedAt = Math.floor(now / 1_000);
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: audience,
    jti: randomUUID(),
    iat: issuedAt,
    exp: issuedAt + lifetimeSeconds,
  };
  const signed = `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${signature(signed, key, alg).toString('base64url')}`;
}

function signature(text: string, key: KeyObject, alg: string): Buffer {
  const data = Buffer.from(text);
  if (alg === 'EdDSA' || alg === 'Ed25519') return sign(null, data, key);
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith('ES')) return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
  if (!alg.startsWith('PS')) return sign(hash, data, key);
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
  return sign(hash, data, { key, padding, saltLength });
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
