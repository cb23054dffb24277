import type { ProviderPlugin } from '@capstan/provider';
import { type Attempt, executeWithRecovery, pause, untilAborted } from '../recovery.ts';
import type { RuntimeEvents } from '../runtime-events.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { UpstreamWork, WorkContext, WorkDone } from '../upstream-work.ts';
import { verdictOf } from '../verdict-of.ts';

/** How long a plugin gets to say what became of a call that was given up. */
const graceMs = 100;

export interface SessionlessCallsHost {
  readonly events: RuntimeEvents;
  readonly telemetry: Telemetry;
  /** A pause before a repeat that is longer is not begun. */
  readonly patienceMs: number;
}

/** Runs what needs no session, straight through its plugin, repeated as its effect allows. */
export async function performWithoutSession<C extends WorkContext, T>(
  plugin: ProviderPlugin,
  context: C,
  work: UpstreamWork<C, T>,
  { events, telemetry, patienceMs }: SessionlessCallsHost,
): Promise<WorkDone<T>> {
  const startedAt = performance.now();
  const { result, attempts } = await executeWithRecovery(context, {
    effect: work.effect,
    run: (attempt) => performOnce(plugin, attempt, work, events),
    patienceMs,
    onRetry: (verdict) => telemetry.callRetried(plugin.prefix, verdict),
  });
  return { result, record: { attempts, session: 'none', durationMs: performance.now() - startedAt } };
}

async function performOnce<C extends WorkContext, T>(
  plugin: ProviderPlugin,
  context: C,
  { effect, operation, withoutSession }: UpstreamWork<C, T>,
  events: RuntimeEvents,
): Promise<Attempt<T>> {
  const { callId: call, capability, caller, attempt, signal } = context;
  if (events.observed) {
    const facts = { call, capability: capability.id, effect, caller, attempt, ...(operation && { operation }) };
    events.emit({ type: 'call-start', ...facts });
  }
  const running = (async () => await withoutSession(plugin, context))();
  try {
    return { ok: true, result: await untilAborted(running, signal) };
  } catch (error) {
    if (!signal.aborted) return { ok: false, error, verdict: verdictOf(plugin, error) };
    return { ok: false, error, verdict: { kind: 'fatal', sent: await mayHaveBeenSent(plugin, running) } };
  }
}

/** Of a call that was given up only the plugin knows; one that does not say in time may have sent it. */
async function mayHaveBeenSent(plugin: ProviderPlugin, running: Promise<unknown>): Promise<boolean> {
  const answered = running.then(
    () => true,
    (error: unknown) => verdictOf(plugin, error).sent,
  );
  const over = new AbortController();
  const silent = pause(graceMs, over.signal).then(() => true);
  silent.catch(() => {});
  try {
    return await Promise.race([answered, silent]);
  } finally {
    over.abort();
  }
}
