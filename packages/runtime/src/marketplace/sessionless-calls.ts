import type { CapabilityResult, Invocation, ProviderPlugin } from '@capstan/provider';
import { type Attempt, executeWithRecovery, pause, untilAborted } from '../recovery.ts';
import type { RuntimeEvents } from '../runtime-events.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import { verdictOf } from '../verdict-of.ts';

/** How long a plugin gets to say what became of a call that was given up. */
const graceMs = 100;

export interface SessionlessCallsHost {
  readonly events: RuntimeEvents;
  readonly telemetry: Telemetry;
}

/** Runs a call that needs no session, straight through its plugin, repeated as its effect allows. */
export async function executeWithoutSession(
  plugin: ProviderPlugin,
  invocation: Invocation,
  patienceMs: number,
  { events, telemetry }: SessionlessCallsHost,
): Promise<CapabilityResult> {
  const startedAt = performance.now();
  const { result, attempts } = await executeWithRecovery(invocation, {
    run: (attempt) => executeOnce(plugin, attempt, events),
    patienceMs,
    onRetry: (verdict) => telemetry.callRetried(plugin.prefix, verdict),
  });
  return { ...result, call: { attempts, session: 'none', durationMs: performance.now() - startedAt } };
}

async function executeOnce(plugin: ProviderPlugin, invocation: Invocation, events: RuntimeEvents): Promise<Attempt> {
  const { callId: call, capability, caller, attempt, signal } = invocation;
  const { id, effect } = capability;
  if (events.observed) events.emit({ type: 'call-start', call, capability: id, effect, caller, attempt });
  const running = (async () => await plugin.execute(invocation))();
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
