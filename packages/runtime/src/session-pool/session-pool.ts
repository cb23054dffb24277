import {
  type Caller,
  type Capability,
  type CapabilityResult,
  CapstanError,
  type Invocation,
  type Logger,
  type ProviderPlugin,
  type SessionKey,
} from '@capstan/provider';
import { requiresSession } from '../capability/requires-session.ts';
import { inject, Lifecycle, scoped } from '../container.ts';
import { CallLimitTable } from '../marketplace/call-limits.ts';
import { ProviderRegistry } from '../provider-registry.ts';
import { asCapstanError, executeWithRecovery } from '../recovery.ts';
import { RuntimeEvents } from '../runtime-events.ts';
import type { SessionPoolOptions } from '../runtime-options.ts';
import { Secrets } from '../secrets.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { LOGGER, SESSION_POOL_OPTIONS } from '../tokens.ts';
import { callWork, type UpstreamWork, type WorkContext, type WorkDone } from '../upstream-work.ts';
import { OpeningFailure } from './opening-failure.ts';
import { PoolCapacity } from './pool-capacity.ts';
import { poolGauges } from './pool-gauges.ts';
import { poolKey, sessionScope } from './pool-key.ts';
import type { PooledSession } from './pooled-session.ts';
import type { Taken } from './taken-session.ts';
import type { ProviderSessionId } from './session-state.ts';
import { SessionCalls, wasShared } from './session-calls.ts';
import { type SessionLease, SessionLeases } from './session-lease.ts';
import { type LedgerEntry, SessionLedger } from './session-ledger.ts';
import type { SessionSlot } from './session-slot.ts';
import { SessionSweeper, visitInBatches } from './session-sweeper.ts';
import { SessionSettingsTable } from './session-settings.ts';
import type { SessionTarget } from './session-target.ts';
import { type SlotRequest, SlotTable } from './slot-table.ts';
import { TaskScope } from './task-scope.ts';

export interface AcquireOptions {
  readonly signal?: AbortSignal;
  readonly conversationId?: string;
}

/** How a drain went. */
export interface DrainReport {
  /** Calls that were cut off because their time was over. */
  readonly cutOff: number;
  readonly ended: number;
  /** Of those, the ones whose end no plugin reported in time. */
  readonly unconfirmed: number;
}

/**
 * Opens provider sessions through their plugins, shares each among the calls whose pool key is equal, bounds and queues those calls
 * fairly, replaces lost sessions once, and ends what it opened. Knows no provider.
 */
@scoped(Lifecycle.ContainerScoped)
export class SessionPool implements AsyncDisposable {
  readonly #registry: ProviderRegistry;
  readonly #secrets: Secrets;
  readonly #limits: CallLimitTable;
  readonly #telemetry: Telemetry;
  readonly #options: SessionPoolOptions;
  readonly #ledger = new SessionLedger();
  readonly #tasks = new TaskScope();
  readonly #leases: SessionLeases;
  readonly #slots: SlotTable;
  readonly #calls: SessionCalls;
  readonly #sweeper: SessionSweeper;
  #drain: Promise<DrainReport> | undefined;
  #onRelease: (() => void) | undefined;

  constructor(
    registry: ProviderRegistry,
    secrets: Secrets,
    limits: CallLimitTable,
    events: RuntimeEvents,
    telemetry: Telemetry,
    @inject(LOGGER) logger: Logger,
    @inject(SESSION_POOL_OPTIONS) options: SessionPoolOptions,
  ) {
    this.#registry = registry;
    this.#secrets = secrets;
    this.#limits = limits;
    this.#telemetry = telemetry;
    this.#options = options;
    this.#sweeper = new SessionSweeper(this.#tasks, options.sweepIntervalMs, (now) => this.#sweep(now));
    this.#leases = new SessionLeases(logger, telemetry);
    const capacity = new PoolCapacity(this.#ledger, options);
    const settings = new SessionSettingsTable(options);
    const context = { options, events, telemetry, settings, ledger: this.#ledger, capacity, tasks: this.#tasks };
    this.#slots = new SlotTable(context);
    this.#calls = new SessionCalls({
      events,
      telemetry,
      acquireTimeoutMs: options.acquireTimeoutMs,
      take: (slot, target, signal, alone) => this.#take(slot, target, signal, alone),
      onRelease: () => this.#onRelease?.(),
    });
    telemetry.observe(poolGauges(this.#slots, this.#ledger, this.#tasks, options));
  }

  /**
   * Runs a call that needs a session. The marketplace comes before it: input, limits and interceptors are not looked at here. Rejects
   * with `SESSION_UNAVAILABLE` where no plugin can give one, `OVERLOADED` and `CIRCUIT_OPEN` with `retryAfterMs`, `CLOSED` while
   * draining, else as `executeWithRecovery` says.
   */
  async executeWithSession(invocation: Invocation): Promise<CapabilityResult> {
    const { result, record } = await this.perform(invocation, callWork(invocation.capability.effect));
    return { ...result, call: record };
  }

  /** The one path of all that needs a session: key, session, work, verdict, recovery. Rejects like `executeWithSession`. */
  async perform<C extends WorkContext, T>(context: C, work: UpstreamWork<C, T>): Promise<WorkDone<T>> {
    if (this.#drain !== undefined) throw closed();
    const startedAt = performance.now();
    const plugin = this.#pluginOf(context.capability);
    const request = slotRequest(plugin, context);
    const own = request.isShared ? undefined : this.#slots.createOwn(request);
    let opened = false;
    let alone = false;
    let isRecovering = false;
    try {
      const { result, attempts } = await executeWithRecovery(context, {
        effect: work.effect,
        run: async (attempt) => {
          const slot = own ?? this.#slots.get(request);
          const taken = await this.#calls.take(slot, attempt, alone);
          if ('ok' in taken) return taken;
          opened ||= !taken.reused;
          const outcome = await this.#calls.execute(slot, { ...taken, alone }, attempt, work);
          // It may have killed the session under its neighbours: then it repeats by itself, where it can harm nobody.
          alone = !outcome.ok && outcome.verdict.kind === 'session-lost' && outcome.verdict.sent && wasShared(taken);
          return outcome;
        },
        patienceMs: this.#limits.of(context.capability).timeoutMs,
        onRetry: (verdict) => {
          isRecovering ||= verdict === 'session-lost';
          this.#telemetry.callRetried(plugin.prefix, verdict);
        },
      });
      if (isRecovering) this.#telemetry.sessionRecovered(plugin.prefix);
      const durationMs = performance.now() - startedAt;
      return { result, record: { attempts, session: opened ? 'new' : 'reused', durationMs } };
    } finally {
      // A session of its own ends with its call, which does not wait for that.
      if (own !== undefined) void this.#tasks.run(() => this.#slots.giveUp(own), true);
    }
  }

  /** The session that a call would use, opened if there is none. Rejects like `executeWithSession`. */
  async getOrCreateSession(
    capability: Capability,
    caller: Caller,
    options?: AcquireOptions,
  ): Promise<ProviderSessionId> {
    await using lease = await this.acquire(capability, caller, options);
    return lease.id;
  }

  /** Holds the session that a call would use. Rejects like `executeWithSession`. */
  async acquire(capability: Capability, caller: Caller, options: AcquireOptions = {}): Promise<SessionLease> {
    const plugin = this.#pluginOf(capability);
    const target: SessionTarget = { capability, caller, conversationId: options.conversationId };
    const request = slotRequest(plugin, target);
    if (!request.isShared) {
      const why = `session_scope is "${sessionScope(capability)}", or the caller is not known: each call opens its own`;
      throw new CapstanError('SESSION_UNAVAILABLE', `Sessions of ${capability.id} are not shared: ${why}.`);
    }
    const slot = this.#slots.get(request);
    const signal = options.signal ?? new AbortController().signal;
    const { session, reused } = await this.#take(slot, target, signal, false).catch((error: unknown) => {
      throw this.#secrets.redactError(
        asCapstanError(capability, error instanceof OpeningFailure ? error.cause : error),
      );
    });
    return this.#leases.lease(session, reused, () => this.#release(slot, session, 0));
  }

  /** Resolves when the plugin confirmed the end, or its time was over. Idempotent; an unknown id is one that ended. */
  async terminateSession(id: ProviderSessionId): Promise<void> {
    await this.#ledger.find(id)?.terminate('explicit');
  }

  /** Sessions of a provider, or of one upstream of it, take no new calls and end after their last one. How many those are. */
  invalidate({
    provider,
    upstream,
  }: {
    readonly provider: string;
    readonly upstream?: SessionKey['upstream'];
  }): number {
    const wanted = upstream === undefined ? undefined : JSON.stringify(upstream);
    let retired = 0;
    for (const session of this.#ledger.live) {
      if (session.plugin.prefix !== provider) continue;
      if (wanted !== undefined && JSON.stringify(session.upstream) !== wanted) continue;
      if (session.retire('invalidated')) retired++;
    }
    return retired;
  }

  /** Every session that exists or ended lately. */
  list(): readonly LedgerEntry[] {
    return this.#secrets.redact(this.#ledger.list());
  }

  /**
   * Takes no new calls, gives those in flight `deadlineMs` (default: the option `drainTimeoutMs`), then ends every session. Idempotent.
   */
  async drain(options: { readonly deadlineMs?: number } = {}): Promise<DrainReport> {
    this.#drain ??= this.#drainOnce(options.deadlineMs ?? this.#options.drainTimeoutMs);
    return await this.#drain;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  #take(slot: SessionSlot, target: SessionTarget, signal: AbortSignal, alone: boolean): Promise<Taken> {
    if (this.#drain !== undefined) return Promise.reject(closed());
    this.#sweeper.start();
    return slot.take(target, signal, alone);
  }

  #release(slot: SessionSlot, session: PooledSession, heldMs: number): void {
    slot.release(session, heldMs);
    this.#onRelease?.();
  }

  #pluginOf(capability: Capability): ProviderPlugin {
    const plugin = this.#registry.get(capability.provider);
    if (plugin !== undefined) return plugin;
    throw new CapstanError(
      'SESSION_UNAVAILABLE',
      `${capability.id} requires a session, and no registered plugin owns "${capability.provider}" to give one.`,
      { details: { capability: capability.id, provider: capability.provider } },
    );
  }

  async #sweep(now: number): Promise<void> {
    await visitInBatches(this.#ledger.live, (session) => void session.expire(now));
    this.#leases.reportLeaks(now, this.#options.leakAfterMs);
    await this.#slots.prune(now);
  }

  async #drainOnce(deadlineMs: number): Promise<DrainReport> {
    this.#sweeper.stop();
    await this.#callsEnded(deadlineMs);
    const cutOff = this.#ledger.live.reduce((sum, { inFlight }) => sum + inFlight, 0);
    const live = [...this.#ledger.live];
    await this.#slots.close();
    await Promise.all(live.map((session) => session.terminate('drain')));
    await this.#tasks.settled();
    const ends = live.flatMap(({ ended }) => (ended === undefined ? [] : [ended]));
    return { cutOff, ended: ends.length, unconfirmed: ends.filter(({ confirmed }) => !confirmed).length };
  }

  async #callsEnded(deadlineMs: number): Promise<void> {
    const busy = (): boolean => this.#ledger.live.some(({ inFlight }) => inFlight > 0);
    if (!busy()) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.#onRelease = () => {
        if (busy()) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function slotRequest(plugin: ProviderPlugin, { capability, caller, conversationId }: SessionTarget): SlotRequest {
  const sessionKey = plugin.sessionKey(capability, caller);
  const key = poolKey({
    provider: plugin.prefix,
    mode: requiresSession(capability.metadata).mode === 'required' ? 'required' : 'auto',
    key: sessionKey,
    scope: sessionScope(capability),
    caller,
    conversationId,
  });
  return { plugin, sessionKey, capability, key: key ?? capability.id, isShared: key !== undefined };
}

function closed(): CapstanError {
  return new CapstanError('CLOSED', 'The session pool is closing and takes no more calls.');
}
