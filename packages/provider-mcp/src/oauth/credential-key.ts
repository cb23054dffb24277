import { createHash } from 'node:crypto';
import type { Caller } from '@capstan/provider';
import type { OAuthSource } from '../auth-source.ts';
import type { HttpTarget } from '../mcp-target.ts';

/** Where a sign-in is kept: the server, the issuer and the client that the manifest names, and the caller. A digest: a store sees no name. */
export function signInKey(target: HttpTarget, auth: OAuthSource, caller: Caller): string {
  return digest([
    'sign-in',
    target.url.href,
    auth.issuer ?? '',
    auth.clientIdEnvVar ?? '',
    auth.clientMetadataUrl ?? '',
    caller.tenant ?? '',
    subjectOf(caller),
  ]);
}

/** For maps of this process. `values`: what the variables hold, so that a token is never shared by callers who have different secrets. */
export function machineKey(target: HttpTarget, auth: OAuthSource, caller: Caller, values: readonly string[]): string {
  return digest([
    'machine',
    target.url.href,
    auth.issuer ?? '',
    auth.clientAuth,
    [...auth.scopes].sort().join(' '),
    caller.tenant ?? '',
    subjectOf(caller),
    ...values,
  ]);
}

/** Who uses the command line, an embedding program and an open gateway on loopback is the same person, who signed in once. */
const ownerSubjects: readonly string[] = ['host', 'local'];

function subjectOf({ subject }: Caller): string {
  return subject === undefined || ownerSubjects.includes(subject) ? '' : subject;
}

function digest(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}
