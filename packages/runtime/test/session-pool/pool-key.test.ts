import type { Caller, SessionKey } from '@capstan/provider';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { poolKey, type PoolKeyParts } from '../../src/session-pool/pool-key.ts';

// Few letters, and the separators of the key's own notation, so that collisions are likely where they are possible.
const text = fc.string({ unit: fc.constantFrom('a', 'b', ':', '1', '[', ']', '-'), maxLength: 4 });
const identity: fc.Arbitrary<SessionKey['identity']> = fc.oneof(
  fc.constant({ kind: 'none' } as const),
  fc.record({ kind: fc.constant('static' as const), envVars: fc.array(text, { maxLength: 2 }) }),
  fc.record({ kind: fc.constant('oauth' as const), issuer: text, client: text, audience: text, subject: text }),
);
const caller: fc.Arbitrary<Caller> = fc.record({ subject: text, tenant: text }, { requiredKeys: [] });
const parts: fc.Arbitrary<PoolKeyParts> = fc.record({
  provider: text,
  mode: fc.constantFrom('auto' as const, 'required' as const),
  key: fc.record({ upstream: fc.array(text, { maxLength: 3 }), identity }),
  scope: fc.constantFrom('shared' as const, 'caller' as const, 'conversation' as const),
  caller,
  conversationId: fc.option(text, { nil: undefined }),
});

/** Everything that two calls must have in common to share a session, as a value to compare. */
function shared({ provider, mode, key, scope, caller: { subject, tenant }, conversationId }: PoolKeyParts): string {
  const who = scope === 'shared' ? [] : scope === 'caller' ? [subject] : [subject, conversationId];
  return JSON.stringify([provider, mode, key.upstream, key.identity, tenant ?? null, scope, who]);
}

describe('poolKey', () => {
  it('is equal exactly where upstream, identity, tenant, mode and scope are', () => {
    fc.assert(
      fc.property(parts, parts, (one, two) => {
        const [first, second] = [poolKey(one), poolKey(two)];
        if (first === undefined || second === undefined) return;
        expect(first === second).toBe(shared(one) === shared(two));
      }),
      { numRuns: 20_000, seed: 7 },
    );
  });

  it('is equal for equal parts', () => {
    fc.assert(
      fc.property(parts, (one) => {
        expect(poolKey(structuredClone(one))).toBe(poolKey(one));
      }),
      { numRuns: 2_000, seed: 7 },
    );
  });

  it('lets nobody share a session of scope call, nor one whose caller or conversation is unknown', () => {
    const base = { provider: 'counter', mode: 'auto', key: { upstream: ['u'], identity: { kind: 'none' } } } as const;
    expect(poolKey({ ...base, scope: 'call', caller: { subject: 's' }, conversationId: 'c' })).toBeUndefined();
    expect(poolKey({ ...base, scope: 'caller', caller: {}, conversationId: 'c' })).toBeUndefined();
    expect(
      poolKey({ ...base, scope: 'conversation', caller: { subject: 's' }, conversationId: undefined }),
    ).toBeUndefined();
    expect(poolKey({ ...base, scope: 'shared', caller: {}, conversationId: undefined })).toBeDefined();
  });
});
