import {
  type Caller,
  CapstanError,
  type ProviderPlugin,
  type SessionFacts,
  type SessionKey,
  type TerminationReason,
} from '@capstan/provider';
import { requiresSession } from '../capability/requires-session.ts';
import { within } from '../within.ts';
import { CredentialsRenewal } from './credentials-renewal.ts';
import type { PoolContext } from './pool-context.ts';
import { poolKeyHash, type SessionScope, sessionScope } from './pool-key.ts';
import { concurrencyOf } from './session-concurrency.ts';
import { SessionLifetime } from './session-lifetime.ts';
import type { SessionSettings } from './session-settings.ts';
import type { ProviderSessionId, SessionState } from './session-state.ts';
import type { SessionTarget } from './session-target.ts';
import type { Taken } from './taken-session.ts';

export interface PooledSessionOptions {
  readonly plugin: ProviderPlugin;
  readonly target: SessionTarget;
  readonly upstream: SessionKey['upstream'];
  /** Asked each time: a capability that joins later may bring smaller ones. */
  readonly settings: () => SessionSettings;
  /** Called when it may take calls that it could not take before, or takes none any more. */
  readonly onChange: () => void;
}

/**
 * One provider session, from its opening to its end:
 * `creating → ready ⇄ busy | validating → lost | retiring → terminating → closed`.
 */
export class PooledSession {
  readonly id: ProviderSessionId;
  readonly plugin: ProviderPlugin;
  readonly upstream: SessionKey['upstream'];
  readonly scope: SessionScope;
  readonly openedBy: Caller;
  readonly openedFor: string;
  readonly createdAt = Date.now();
  lastUsedAt = this.createdAt;
  calls = 0;
  inFlight = 0;
  /** How often it was taken. */
  takes = 0;
  facts: SessionFacts = {};
  ended: { readonly at: number; readonly why: TerminationReason; readonly confirmed: boolean } | undefined;
  readonly #context: PoolContext;
  readonly #target: SessionTarget;
  readonly #settings: () => SessionSettings;
  readonly #onChange: () => void;
  readonly #lifetime = new SessionLifetime();
  readonly #renewal = new CredentialsRenewal(() => this.#renew());
  #state: Exclude<SessionState, 'busy'> = 'creating';
  #value: unknown;
  /** Resolves when its opening is over, however it went. */
  readonly #settled = Promise.withResolvers<void>();
  /** Why it ends as soon as it is open. */
  #endsEarly: TerminationReason | undefined;
  #isExclusive = false;
  /** Why it ends after its last call. */
  #endsFor: TerminationReason = 'stale';
  #endTimer: NodeJS.Timeout | undefined;
  #termination: Promise<void> | undefined;

  constructor(context: PoolContext, { plugin, target, upstream, settings, onChange }: PooledSessionOptions) {
    this.#context = context;
    this.#target = target;
    this.#settings = settings;
    this.#onChange = onChange;
    this.id = context.ledger.nextId(plugin.prefix);
    this.plugin = plugin;
    this.upstream = upstream;
    this.scope = sessionScope(target.capability);
    this.openedBy = target.caller;
    this.openedFor = target.capability.id;
  }

  get state(): SessionState {
    return this.#state === 'ready' && this.inFlight > 0 ? 'busy' : this.#state;
  }

  /** The plugin's own session object. */
  get value(): unknown {
    return this.#value;
  }

  /** Neither ended nor about to: it takes calls, now or when one ends. */
  get isAlive(): boolean {
    return this.#state === 'ready' || this.#state === 'validating';
  }

  /** Calls that it takes at once. */
  get maxConcurrency(): number {
    return concurrencyOf(this.facts, this.#settings());
  }

  /** Whether it takes one more call now. `alone`: a call that wants it for itself. */
  hasRoom(alone: boolean): boolean {
    return this.#state === 'ready' && !this.#isExclusive && this.inFlight < (alone ? 1 : this.maxConcurrency);
  }

  /** When and why it ends if nothing else happens; a session in use has no idle end. */
  get willEnd(): { readonly at: number; readonly why: TerminationReason } | undefined {
    return this.#state === 'ready' ? this.#lifetime.endOf(this, this.#settings()) : undefined;
  }

  /** Ends it, or lets it end after its last call, where its time has come. False where it has not. */
  expire(now: number): boolean {
    const end = this.willEnd;
    if (end === undefined || now < end.at) return false;
    this.retire(end.why);
    return true;
  }

  /**
   * Opens it through its plugin. Where `signal` aborts first, what the plugin opens after all is ended at once. False where the session
   * was lost, found stale or ended meanwhile; then it is ended too.
   */
  async open(key: string, signal: AbortSignal): Promise<boolean> {
    const { id, plugin } = this;
    const { events, ledger, telemetry } = this.#context;
    const { capability, caller } = this.#target;
    const common = { session: id, provider: plugin.prefix, capability: capability.id };
    ledger.add(this);
    events.emit({ type: 'session-initializing', ...common, key: poolKeyHash(key) });
    let isOpen = false;
    try {
      this.#value = await plugin.initializeSession({
        capability,
        caller,
        mode: requiresSession(capability.metadata).mode === 'required' ? 'required' : 'auto',
        signal,
        onLost: () => this.lose(),
        onStale: () => this.retire('stale'),
      });
      isOpen = true;
      this.facts = plugin.describeSession?.(this.#value) ?? {};
    } catch (error) {
      if (isOpen) await this.#endEarly('lost');
      else this.#neverOpened();
      const code = CapstanError.isInstance(error) ? error.code : 'UPSTREAM_ERROR';
      events.emit({ type: 'session-failed', session: id, provider: plugin.prefix, code });
      throw error;
    }
    const why = signal.aborted ? 'evicted' : this.#endsEarly;
    if (why !== undefined) {
      await this.#endEarly(why);
      return false;
    }
    this.#state = 'ready';
    // It did not idle while it was opened.
    this.lastUsedAt = Date.now();
    this.#settled.resolve();
    const durationMs = Date.now() - this.createdAt;
    telemetry.sessionCreated(plugin.prefix, durationMs / 1_000);
    events.emit({ type: 'session-initialized', ...common, facts: this.facts, durationMs });
    return true;
  }

  /** For one call; `alone` keeps others off it meanwhile. */
  take(alone: boolean): Taken {
    this.#isExclusive = alone;
    const others = this.inFlight++ > 0;
    const order = ++this.takes;
    return { session: this, reused: order > 1, others, order };
  }

  release(): void {
    this.inFlight--;
    this.#isExclusive = false;
    this.lastUsedAt = Date.now();
    if (this.inFlight === 0 && (this.#state === 'retiring' || this.#state === 'lost'))
      void this.terminate(this.#endsFor);
  }

  /** Found dead: by its plugin between calls, or by a call. False where that was known, or its end had begun. */
  lose(): boolean {
    if (this.#state === 'creating') this.#endsEarly ??= 'lost';
    if (!this.isAlive && this.#state !== 'retiring') return false;
    this.#state = 'lost';
    this.#endsFor = 'lost';
    this.#context.telemetry.sessionLost(this.plugin.prefix);
    this.#context.events.emit({ type: 'session-lost', session: this.id, provider: this.plugin.prefix });
    // Its calls hear from the upstream how they ended; to end the session under them would take that away.
    if (this.inFlight === 0) void this.terminate('lost');
    else this.#endTimer = setTimeout(() => void this.terminate('lost'), this.#context.options.terminateTimeoutMs);
    this.#onChange();
    return true;
  }

  /** Takes no new calls and ends after the last one. False where it took none already. */
  retire(why: TerminationReason): boolean {
    if (this.#state === 'creating') {
      this.#endsEarly ??= why;
      return true;
    }
    if (!this.isAlive) return false;
    this.#state = 'retiring';
    this.#endsFor = why;
    if (this.inFlight === 0) void this.terminate(why);
    this.#onChange();
    return true;
  }

  /** Whether it idled so long that it should be asked whether it lives before it takes a call. */
  needsValidation(now: number): boolean {
    if (this.plugin.validateSession === undefined || this.facts.light === true) return false;
    const isIdle = this.#state === 'ready' && this.inFlight === 0;
    return isIdle && now - this.lastUsedAt > this.#context.options.validateAfterIdleMs;
  }

  /** Asks it. It takes calls again afterwards, or is lost. */
  validate(): void {
    this.#state = 'validating';
    const { options, tasks } = this.#context;
    void tasks.run(async () => {
      const isValid = await within(options.createTimeoutMs, async (signal) =>
        this.plugin.validateSession?.(this.#value, signal),
      ).catch(() => false);
      if (this.#state !== 'validating') return;
      this.#state = 'ready';
      this.lastUsedAt = Date.now();
      if (isValid === true) this.#onChange();
      else this.lose();
    }, true);
  }

  /** Counts up with each renewal of credentials. */
  get generation(): number {
    return this.#renewal.generation;
  }

  /** Renews credentials in place. False where the plugin cannot, or failed. `refusedGeneration`: under which the call was refused. */
  async refresh(refusedGeneration: number): Promise<boolean> {
    if (this.plugin.refreshSession === undefined || !this.isAlive) return false;
    return await this.#renewal.since(refusedGeneration);
  }

  /** Ends it, within the time that plugins get for that; one that is being opened, as soon as it is. Idempotent; never rejects. */
  terminate(reason: TerminationReason): Promise<void> {
    if (this.#state === 'closed') return Promise.resolve();
    if (this.#state === 'creating') {
      this.#endsEarly ??= reason;
      return within(this.#context.options.terminateTimeoutMs, () => this.#settled.promise)
        .then(() => this.#termination)
        .catch(() => {});
    }
    this.#termination ??= this.#context.tasks.run(() => this.#end(reason), true);
    return this.#termination;
  }

  async #renew(): Promise<void> {
    const { options, tasks } = this.#context;
    const renew = async (signal: AbortSignal) => this.plugin.refreshSession?.(this.#value, signal);
    await tasks.run(() => within(options.createTimeoutMs, renew));
    this.facts = this.plugin.describeSession?.(this.#value) ?? {};
  }

  /** It was opened, and is of no use. */
  async #endEarly(why: TerminationReason): Promise<void> {
    this.#state = 'retiring';
    this.#settled.resolve();
    await this.terminate(why);
  }

  #neverOpened(): void {
    this.#state = 'closed';
    this.#context.ledger.forget(this);
    this.#context.capacity.release(this.plugin.prefix);
    this.#settled.resolve();
  }

  async #end(why: TerminationReason): Promise<void> {
    const { id, plugin, calls } = this;
    const { events, ledger, options, telemetry } = this.#context;
    this.#state = 'terminating';
    clearTimeout(this.#endTimer);
    const confirmed = await within(options.terminateTimeoutMs, async () =>
      plugin.terminateSession(this.#value, why),
    ).then(
      () => true,
      () => false,
    );
    this.#state = 'closed';
    this.#value = undefined;
    this.ended = { at: Date.now(), why, confirmed };
    ledger.end(this);
    this.#context.capacity.release(plugin.prefix);
    telemetry.sessionEnded(plugin.prefix, (this.ended.at - this.createdAt) / 1_000);
    if (why !== 'drain' && why !== 'explicit') telemetry.sessionEvicted(plugin.prefix, why);
    events.emit({ type: 'session-terminated', session: id, provider: plugin.prefix, reason: why, confirmed, calls });
    this.#onChange();
  }
}
