import { createHash } from 'node:crypto';
import type { Caller, Capability, SessionKey } from '@capstan/provider';

/** Who may share one upstream session. */
export type SessionScope = 'shared' | 'caller' | 'conversation' | 'call';

export interface PoolKeyParts {
  readonly provider: string;
  readonly mode: 'auto' | 'required';
  readonly key: SessionKey;
  readonly scope: SessionScope;
  readonly caller: Caller;
  readonly conversationId: string | undefined;
}

/** The declared scope; `caller` where nothing, or nothing known, is declared. */
export function sessionScope(capability: Capability): SessionScope {
  const declared = capability.metadata['session_scope'];
  return declared === 'shared' || declared === 'conversation' || declared === 'call' ? declared : 'caller';
}

/**
 * The one place that decides what may be shared: two calls share a session only if this text is equal. Undefined: nothing is shared.
 * Every part stands behind its length, so that no two different keys are written alike; the whole text is compared, never a digest of it.
 */
export function poolKey({ provider, mode, key, scope, caller, conversationId }: PoolKeyParts): string | undefined {
  const { subject, tenant } = caller;
  if (scope === 'call') return undefined;
  if (scope !== 'shared' && subject === undefined) return undefined;
  if (scope === 'conversation' && conversationId === undefined) return undefined;
  let text =
    part(provider) + part(mode) + list(key.upstream) + identityText(key.identity) + optional(tenant) + part(scope);
  if (scope !== 'shared') text += optional(subject);
  if (scope === 'conversation') text += optional(conversationId);
  return text;
}

/** A short name for a pool key in events: equal keys have equal names. */
export function poolKeyHash(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 12);
}

function identityText(identity: SessionKey['identity']): string {
  switch (identity.kind) {
    case 'none':
      return part('none');
    case 'static':
      return part('static') + list(identity.envVars);
    case 'oauth':
      return (
        part('oauth') +
        part(identity.issuer) +
        part(identity.client) +
        part(identity.audience) +
        optional(identity.subject)
      );
  }
}

function part(text: string): string {
  return `${text.length}:${text}`;
}

function optional(text: string | undefined): string {
  return text === undefined ? '-' : part(text);
}

function list(items: readonly string[]): string {
  return `${items.length}[${items.map(part).join('')}`;
}
