import type { Capability, Invocation, ProviderPlugin, ProviderResult } from '@capstan/provider';
import { Refusal } from '../support/memory-provider.ts';

interface HeldCall {
  readonly session: ModelSession;
  /** What only calls with the same value may share a session with. */
  readonly share: string;
  readonly result: PromiseWithResolvers<ProviderResult>;
}

export interface ModelSession {
  readonly id: number;
  readonly onLost: (cause: unknown) => void;
  readonly onStale: () => void;
  /** Of the calls that it carried; more than one entry would be a leak. */
  readonly shares: Set<string>;
  isOpen: boolean;
  ends: number;
}

/** An upstream that holds every call and every opening until the test decides how it ends. */
export class ModelUpstream {
  readonly sessions: ModelSession[] = [];
  readonly calls = new Set<HeldCall>();
  readonly openings: PromiseWithResolvers<void>[] = [];
  /** Effects that happened: inputs of calls that were answered. */
  readonly effects: unknown[] = [];

  get open(): readonly ModelSession[] {
    return this.sessions.filter(({ isOpen }) => isOpen);
  }

  /** Calls on a session at this moment. */
  carried(session: ModelSession): number {
    let carried = 0;
    for (const call of this.calls) if (call.session === session) carried++;
    return carried;
  }

  answer(call: HeldCall): void {
    this.calls.delete(call);
    call.result.resolve({ output: null, isError: false });
  }

  refuse(call: HeldCall, refusal: Refusal): void {
    this.calls.delete(call);
    call.result.reject(refusal);
  }

  /** The session dies under its calls. */
  kill(session: ModelSession): void {
    session.isOpen = false;
    for (const call of this.calls) {
      if (call.session === session) this.refuse(call, new Refusal({ kind: 'session-lost', sent: true }));
    }
  }

  provider(): ProviderPlugin<ModelSession> {
    return {
      prefix: 'model',
      metadataSchema: {},
      sessionKey: ({ metadata }) => ({ upstream: [String(metadata['model_place'])], identity: { kind: 'none' } }),
      initializeSession: async ({ onLost, onStale }) => {
        const opening = Promise.withResolvers<void>();
        this.openings.push(opening);
        await opening.promise;
        const session = { id: this.sessions.length, onLost, onStale, shares: new Set<string>(), isOpen: true, ends: 0 };
        this.sessions.push(session);
        return session;
      },
      executeWithSession: (session, invocation) => this.#hold(session, invocation),
      terminateSession: async (session) => {
        session.isOpen = false;
        session.ends++;
      },
      validateSession: async ({ isOpen }) => isOpen,
      execute: () => Promise.reject(new Refusal({ kind: 'fatal', sent: false })),
      classifyError: (error) => (error instanceof Refusal ? error.verdict : { kind: 'fatal', sent: true }),
    };
  }

  async #hold(session: ModelSession, invocation: Invocation): Promise<ProviderResult> {
    if (!session.isOpen) throw new Refusal({ kind: 'session-lost', sent: false });
    const share = shareOf(invocation);
    session.shares.add(share);
    const call = { session, share, result: Promise.withResolvers<ProviderResult>() };
    this.calls.add(call);
    invocation.signal.addEventListener('abort', () => this.refuse(call, new Refusal({ kind: 'caller', sent: true })), {
      once: true,
    });
    return await call.result.promise;
  }
}

/** Everything that calls on one session must have in common, from the declared scope. */
function shareOf({ capability, caller, conversationId, callId }: Invocation): string {
  const { session_scope: scope, model_place: place } = capability.metadata;
  const who =
    scope === 'shared'
      ? []
      : scope === 'caller'
        ? [caller.subject ?? callId]
        : scope === 'conversation' && caller.subject !== undefined && conversationId !== undefined
          ? [caller.subject, conversationId]
          : [callId];
  return JSON.stringify([place, scope, caller.tenant, who]);
}

export function modelCapability(place: string, scope: string, effect: Capability['effect']): Capability {
  return {
    id: `model.${place}.${scope}.${effect}`,
    kind: 'tool',
    effect,
    publish: true,
    provider: 'model',
    metadata: { model_place: place, model_requires_session: 'auto', session_scope: scope, session_max_concurrency: 3 },
    source: { file: 'model', line: 1, column: 1 },
  };
}
