import type { ErrorVerdict, ProviderPlugin } from '@capstan/provider';
import { type Attempt, type FailedAttempt, pause, untilAborted } from '../recovery.ts';
import type { RuntimeEvents } from '../runtime-events.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { UpstreamWork, WorkContext } from '../upstream-work.ts';
import { verdictOf } from '../verdict-of.ts';
import { OpeningFailure } from './opening-failure.ts';
import type { Taken } from './taken-session.ts';
import type { ProviderSessionId } from './session-state.ts';
import { circuitOpen } from './refusals.ts';
import type { SessionSlot } from './session-slot.ts';
import type { SessionTarget } from './session-target.ts';

const fatal: ErrorVerdict = { kind: 'fatal', sent: false };

/** What the pool lends. */
export interface SessionCallsHost {
  readonly events: RuntimeEvents;
  readonly telemetry: Telemetry;
  /** How long an accepted call waits for its next try. */
  readonly acquireTimeoutMs: number;
  /** Waits for a session. Rejects as the slot does, and with `CLOSED` while draining. */
  readonly take: (slot: SessionSlot, target: SessionTarget, signal: AbortSignal, alone: boolean) => Promise<Taken>;
  readonly onRelease: () => void;
}

/** One try of a call: takes a session for it, runs it there, and tells breaker, session and metrics how it went. */
export class SessionCalls {
  readonly #host: SessionCallsHost;

  constructor(host: SessionCallsHost) {
    this.#host = host;
  }

  /** A session for a call, or why there is none. */
  async take(slot: SessionSlot, context: WorkContext, alone: boolean): Promise<Taken | FailedAttempt> {
    const { breaker, plugin } = slot;
    const askedAt = Date.now();
    if (!breaker.admit(askedAt) && !(await this.#admitted(slot, context))) {
      const error = circuitOpen(context.capability, breaker.retryAfterMs(Date.now()), undefined);
      return { ok: false, error, verdict: fatal };
    }
    const ready = slot.takeReady(context.capability, alone);
    if (ready !== undefined) {
      this.#host.telemetry.sessionWaited(plugin.prefix, 0);
      return ready;
    }
    try {
      const taken = await this.#host.take(slot, context, context.signal, alone);
      this.#host.telemetry.sessionWaited(plugin.prefix, (Date.now() - askedAt) / 1_000);
      return taken;
    } catch (error) {
      breaker.abandon(Date.now());
      if (error instanceof OpeningFailure) return { ok: false, error: error.cause, verdict: error.verdict };
      return { ok: false, error, verdict: fatal };
    }
  }

  /** Whether the breaker lets a repeat through in time. A new call is refused at once; one that was accepted waits. */
  async #admitted({ breaker }: SessionSlot, { attempt, signal }: WorkContext): Promise<boolean> {
    if (attempt === 0) return false;
    const until = Date.now() + this.#host.acquireTimeoutMs;
    for (let now = Date.now(); !breaker.admit(now); now = Date.now()) {
      const waitMs = breaker.retryAfterMs(now);
      if (now + waitMs > until) return false;
      await pause(waitMs, signal);
    }
    return true;
  }

  /** One try on a session that was taken for it, which is given back when the plugin lets go of it. */
  async execute<C extends WorkContext, T>(
    slot: SessionSlot,
    { session, reused, alone }: Taken & { readonly alone: boolean },
    context: C,
    work: UpstreamWork<C, T>,
  ): Promise<Attempt<T>> {
    const { plugin, generation } = session;
    session.calls++;
    if (reused) this.#host.telemetry.sessionReused(plugin.prefix);
    if (this.#host.events.observed) this.#reportStart(session.id, reused, work, context);
    const since = Date.now();
    const startedAt = performance.now();
    // The session carries the call until the plugin lets go of it, which may be after the caller gave up.
    const release = (): void => {
      const heldMs = performance.now() - startedAt;
      this.#host.telemetry.sessionUsed(plugin.prefix, heldMs / 1_000);
      slot.release(session, heldMs);
      this.#host.onRelease();
    };
    const outcome = started(plugin, session.value, context, work).then(
      (result): Attempt<T> => {
        slot.breaker.success();
        release();
        return { ok: true, result };
      },
      (error: unknown): Attempt<T> => {
        const isAborted = context.signal.aborted;
        const verdict: ErrorVerdict = isAborted ? { kind: 'fatal', sent: true } : verdictOf(plugin, error);
        // Before the release: nobody else may take a session that is known to be dead.
        const lostNow = verdict.kind === 'session-lost' && session.lose();
        const counts = verdict.kind === 'transient' || (lostNow && !alone);
        if (counts) slot.breaker.failure(Date.now(), { since, atLeastMs: verdict.retryAfterMs ?? 0 });
        else slot.breaker.abandon(Date.now());
        release();
        return { ok: false, error, verdict };
      },
    );
    try {
      const attempt = await untilAborted(outcome, context.signal);
      if (attempt.ok || attempt.verdict.kind !== 'unauthorized') return attempt;
      const refreshed = context.attempt === 0 && (await untilAborted(session.refresh(generation), context.signal));
      // Refused again, or for good: the session itself is of no use any more.
      if (!refreshed) session.retire('stale');
      return { ...attempt, refreshed };
    } catch (error) {
      slot.breaker.abandon(Date.now());
      return { ok: false, error, verdict: { kind: 'fatal', sent: true } };
    }
  }

  #reportStart<C extends WorkContext, T>(
    session: ProviderSessionId,
    reused: boolean,
    { effect, operation }: UpstreamWork<C, T>,
    { callId: call, capability: { id }, caller, attempt }: C,
  ): void {
    if (reused) this.#host.events.emit({ type: 'session-reused', call, session, capability: id });
    const facts = { call, capability: id, effect, caller, attempt, session, ...(operation && { operation }) };
    this.#host.events.emit({ type: 'call-start', ...facts });
  }
}

/** Whether another call was on the session at any time while this one was. */
export function wasShared({ session, others, order }: Taken): boolean {
  return others || session.takes > order;
}

/** A plugin that throws instead of rejecting is no different. */
async function started<C extends WorkContext, T>(
  plugin: ProviderPlugin,
  session: unknown,
  context: C,
  work: UpstreamWork<C, T>,
): Promise<T> {
  return await work.withSession(plugin, session, context);
}
