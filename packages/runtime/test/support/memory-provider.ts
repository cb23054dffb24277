import type { ErrorVerdict, Invocation, JsonObject, ProviderPlugin } from '@capstan/provider';
import { createRuntime, type Runtime, type RuntimeEvent, type RuntimeOptions } from '@capstan/runtime';

/** What an upstream in this process refuses a call with; `verdict` is what the plugin makes of it. */
export class Refusal extends Error {
  readonly verdict: ErrorVerdict;

  constructor(verdict: ErrorVerdict) {
    super(`refused: ${verdict.kind}`);
    this.verdict = verdict;
  }
}

interface MemorySession {
  readonly id: number;
  /** Rejects when the session is killed. */
  readonly death: PromiseWithResolvers<never>;
  readonly onLost: (cause: unknown) => void;
  readonly onStale: () => void;
}

/** An upstream without a wire, for tests of time and order: everything happens when the test says so. */
export class MemoryUpstream {
  readonly open = new Map<number, MemorySession>();
  opened = 0;
  ended = 0;
  /** Inputs of calls, in the order in which they reached a session. */
  readonly calls: JsonObject[] = [];
  atOnce = 0;
  mostAtOnce = 0;
  validations = 0;
  isValid = true;
  /** Thrown by openings, as long as it is set. */
  refuseOpening: Refusal | undefined;
  /** Openings wait for this. */
  openingGate: Promise<void> = Promise.resolve();
  /** Calls whose input says `hold` wait for this. */
  gate: Promise<void> = Promise.resolve();
  /** Calls whose input says `refuse` get these, in order. */
  readonly refusals: Refusal[] = [];

  /** Ends a session under the calls that it carries: all of them were sent. */
  kill(session: MemorySession): void {
    this.open.delete(session.id);
    session.death.reject(new Refusal({ kind: 'session-lost', sent: true }));
  }

  async execute(session: MemorySession, { input, signal }: Pick<Invocation, 'input' | 'signal'>): Promise<JsonObject> {
    const wanted = input as { hold?: boolean; kill?: boolean; refuse?: boolean };
    this.calls.push(input as JsonObject);
    this.atOnce++;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    try {
      if (!this.open.has(session.id)) throw new Refusal({ kind: 'session-lost', sent: false });
      if (wanted.kill === true) {
        this.kill(session);
        await session.death.promise;
      }
      if (wanted.refuse === true) {
        const refusal = this.refusals.shift();
        if (refusal !== undefined) throw refusal;
      }
      const aborted = new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(new Refusal({ kind: 'caller', sent: true })), { once: true });
      });
      await Promise.race([wanted.hold === true ? this.gate : Promise.resolve(), session.death.promise, aborted]);
      return { session: session.id };
    } finally {
      this.atOnce--;
    }
  }
}

function memoryProvider(upstream: MemoryUpstream): ProviderPlugin<MemorySession> {
  return {
    prefix: 'memory',
    metadataSchema: {
      type: 'object',
      properties: {
        memory_place: { type: 'string' },
        memory_requires_session: { enum: ['auto', true], default: 'auto' },
      },
      additionalProperties: false,
    },
    sessionKey: ({ metadata }) => ({ upstream: [String(metadata['memory_place'])], identity: { kind: 'none' } }),
    async initializeSession({ onLost, onStale }) {
      const id = ++upstream.opened;
      await upstream.openingGate;
      if (upstream.refuseOpening !== undefined) throw upstream.refuseOpening;
      const death = Promise.withResolvers<never>();
      death.promise.catch(() => {});
      const session = { id, death, onLost, onStale };
      upstream.open.set(session.id, session);
      return session;
    },
    async executeWithSession(session, invocation) {
      return { output: await upstream.execute(session, invocation), isError: false };
    },
    async terminateSession(session) {
      upstream.ended++;
      upstream.open.delete(session.id);
    },
    async validateSession(session) {
      upstream.validations++;
      return upstream.isValid && upstream.open.has(session.id);
    },
    execute: () => Promise.reject(new Refusal({ kind: 'fatal', sent: false })),
    classifyError: (error) => (error instanceof Refusal ? error.verdict : { kind: 'fatal', sent: true }),
  };
}

/** A runtime over `upstream`, with one capability, `memory.call`, and its events. */
export async function memoryRuntime(
  upstream: MemoryUpstream,
  {
    effect = 'read',
    metadata = {},
    ...options
  }: Partial<RuntimeOptions> & {
    readonly effect?: 'read' | 'keyed' | 'once';
    readonly metadata?: Record<string, string | number>;
  } = {},
): Promise<{ runtime: Runtime; events: RuntimeEvent[] }> {
  const runtime = await createRuntime({
    manifests: [{ id: 'memory.call', effect, metadata: { memory_place: 'here', ...metadata } }],
    providers: [memoryProvider(upstream)],
    environment: {},
    ...options,
  });
  const events: RuntimeEvent[] = [];
  runtime.marketplace.events.on((event) => events.push(event));
  return { runtime, events };
}
