import { type CapabilityResult, CapstanError, type Invocation, type ProviderPlugin } from '@capstan/provider';
import { requiresSession } from '../capability/requires-session.ts';
import { inject, Lifecycle, scoped } from '../container.ts';
import { ProviderRegistry } from '../provider-registry.ts';
import { RuntimeEvents } from '../runtime-events.ts';
import type { SessionPool } from '../session-pool/session-pool.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { SESSION_POOL } from '../tokens.ts';
import { callWork, type UpstreamWork, type WorkContext, type WorkDone } from '../upstream-work.ts';
import { CallLimitTable } from './call-limits.ts';
import { performWithoutSession } from './sessionless-calls.ts';

/**
 * Reads from a capability's metadata whether it needs a session, and hands the work to the session pool or, where none is needed,
 * straight to the provider plugin. A required session is never skipped.
 */
@scoped(Lifecycle.ContainerScoped)
export class Dispatcher {
  readonly #registry: ProviderRegistry;
  readonly #limits: CallLimitTable;
  readonly #telemetry: Telemetry;
  readonly #events: RuntimeEvents;
  readonly #sessions: SessionPool | undefined;

  constructor(
    registry: ProviderRegistry,
    limits: CallLimitTable,
    telemetry: Telemetry,
    events: RuntimeEvents,
    @inject(SESSION_POOL) sessions: SessionPool | undefined,
  ) {
    this.#registry = registry;
    this.#limits = limits;
    this.#telemetry = telemetry;
    this.#events = events;
    this.#sessions = sessions;
  }

  /** Rejects with `SESSION_UNAVAILABLE` where a session is needed and no pool can give one, else as the pool or the plugin does. */
  async call(invocation: Invocation): Promise<CapabilityResult> {
    const sessions = this.#sessionsFor(invocation);
    if (sessions !== undefined) return await sessions.executeWithSession(invocation);
    const { result, record } = await this.#performAlone(invocation, callWork(invocation.capability.effect));
    return { ...result, call: record };
  }

  /** What is not a call, by the same rules. Rejects like `call`. */
  async perform<C extends WorkContext, T>(context: C, work: UpstreamWork<C, T>): Promise<WorkDone<T>> {
    const sessions = this.#sessionsFor(context);
    return await (sessions === undefined ? this.#performAlone(context, work) : sessions.perform(context, work));
  }

  /** Undefined: no session is needed. */
  #sessionsFor({ capability, callId: call }: WorkContext): SessionPool | undefined {
    const requirement = requiresSession(capability.metadata);
    if (requirement.mode === 'never') return undefined;
    const { key, value } = requirement;
    if (this.#events.observed) {
      const metadataCount = Object.keys(capability.metadata).length;
      this.#events.emit({ type: 'session-required', call, capability: capability.id, key, value, metadataCount });
    }
    if (this.#sessions === undefined) {
      throw new CapstanError(
        'SESSION_UNAVAILABLE',
        `${capability.id} requires a session (${key}: ${String(value)}), and this runtime has no session pool. Nothing was sent.`,
        { details: { capability: capability.id, key } },
      );
    }
    if (this.#events.observed) this.#events.emit({ type: 'session-delegated', call, capability: capability.id });
    return this.#sessions;
  }

  async #performAlone<C extends WorkContext, T>(context: C, work: UpstreamWork<C, T>): Promise<WorkDone<T>> {
    const { capability } = context;
    const plugin = this.#pluginOf(context);
    const { timeoutMs: patienceMs } = this.#limits.of(capability);
    const host = { events: this.#events, telemetry: this.#telemetry, patienceMs };
    return await performWithoutSession(plugin, context, work, host);
  }

  #pluginOf({ capability }: WorkContext): ProviderPlugin {
    const plugin = this.#registry.get(this.#registry.detect(capability.metadata, capability.provider));
    if (plugin === undefined) throw new CapstanError('PROVIDER_UNDETECTED', `No plugin runs ${capability.id}.`);
    return plugin;
  }
}
