import {
  type Capability,
  CapstanError,
  type ErrorVerdict,
  type ProviderPlugin,
  type SessionFacts,
  type TerminationReason,
} from '@capstan/provider';
import { Breaker, keyBreaker } from './breaker.ts';
import { FairQueue, type Queued } from './fair-queue.ts';
import { OpeningFailure } from './opening-failure.ts';
import type { PoolContext } from './pool-context.ts';
import type { PooledSession } from './pooled-session.ts';
import type { Taken } from './taken-session.ts';
import { circuitOpen, overloaded } from './refusals.ts';
import { ServiceTime } from './service-time.ts';
import { concurrencyOf } from './session-concurrency.ts';
import { SessionOpener } from './session-opener.ts';
import { type SessionSettings, smallestSettings } from './session-settings.ts';
import type { SessionTarget } from './session-target.ts';
import type { Upstream } from './upstream.ts';

const fatal: ErrorVerdict = { kind: 'fatal', sent: false };
const shortestRetryMs = 50;
const longestRetryMs = 30_000;

interface Waiter extends Queued {
  readonly target: SessionTarget;
  /** Wants the session for itself: it may have killed the last one. */
  readonly alone: boolean;
  /** Waited as long as it may, and now for the end of the opening that is under way. */
  isOverdue: boolean;
  readonly settle: (taken: Taken) => void;
  readonly reject: (error: unknown) => void;
}

export interface SessionSlotOptions {
  readonly plugin: ProviderPlugin;
  readonly key: string;
  readonly upstream: Upstream;
  readonly capability: Capability;
}

/** What calls with one pool key share: their sessions, the one opening under way, and the queue of those that wait. */
export class SessionSlot {
  readonly breaker = new Breaker(keyBreaker);
  readonly plugin: ProviderPlugin;
  readonly upstream: Upstream;
  readonly #context: PoolContext;
  readonly #opener: SessionOpener;
  readonly #queue = new FairQueue<Waiter>();
  #settings: SessionSettings;
  /** Of the capability that was called last. */
  #learned: SessionSettings;
  #sessions: PooledSession[] = [];
  /** Why openings fail, as long as they do: what waiters that give up report. */
  #failure: unknown;
  #full: 'provider' | 'total' | undefined;
  readonly #serviceTime = new ServiceTime();
  /** Of the session that was opened last: what the next one will probably be like. */
  #facts: SessionFacts = {};
  #isServing = false;
  #serveAgain = false;
  #isClosed = false;

  constructor(context: PoolContext, { plugin, key, upstream, capability }: SessionSlotOptions) {
    this.#context = context;
    this.plugin = plugin;
    this.upstream = upstream;
    this.#learned = context.settings.of(capability);
    this.#settings = this.#learned;
    this.#queue.limit = this.#settings.queueLimit;
    this.#opener = new SessionOpener(context, {
      plugin,
      key,
      upstream,
      settings: () => this.#settings,
      onOpen: (session) => this.#opened(session),
      onFailure: (error, verdict) => this.#notOpened(error, verdict),
      onChange: this.pump,
    });
  }

  /** Calls that wait. */
  get pending(): number {
    return this.#queue.size;
  }

  /** Nothing to keep it for. */
  isUnused(now: number): boolean {
    const empty = this.#sessions.length === 0 && !this.#opener.isOpening && this.#queue.size === 0;
    return empty && this.breaker.isForgettable(now);
  }

  /** A session with room, where nobody waits for one: the hot path, without a promise. */
  takeReady(capability: Capability, alone: boolean): Taken | undefined {
    this.#learn(capability);
    if (this.#queue.size > 0 || this.#isClosed) return undefined;
    this.#tidy();
    return this.#withRoom(alone)?.take(alone);
  }

  /**
   * A session, when it is the caller's turn and one has room or was opened. Rejects with the signal's reason, `OVERLOADED`,
   * `CIRCUIT_OPEN`, `CLOSED`, or `OpeningFailure`. A call that must be alone waits as long as its signal lets it.
   */
  take(target: SessionTarget, signal: AbortSignal, alone: boolean): Promise<Taken> {
    const lane = JSON.stringify([target.caller.tenant, target.caller.subject]);
    this.#refuseHopeless(target, lane, alone);
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        lane,
        target,
        alone,
        isOverdue: false,
        settle: (taken) => {
          end();
          resolve(taken);
        },
        reject: (error) => {
          end();
          reject(error as Error);
        },
      };
      const { acquireTimeoutMs } = this.#context.options;
      const timer = alone ? undefined : setTimeout(() => this.#overdue(waiter), acquireTimeoutMs);
      const onAbort = (): void => this.#leave(waiter, signal.reason);
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      };
      if (signal.aborted) return waiter.reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      const displaced = this.#queue.push(waiter);
      displaced?.reject(this.#overloaded(displaced.target, 'key', `${this.#queue.size} calls wait already`));
      this.pump();
    });
  }

  /** A call gives its session back. */
  release(session: PooledSession, heldMs: number): void {
    this.#serviceTime.add(heldMs);
    session.release();
    this.pump();
  }

  /**
   * Serves those that wait, as far as sessions have room; where none has, sees to it that one more is opened. Where nobody waits, offers
   * what is idle to slots that have no place. Whatever changes meanwhile is served in another round, never in the midst of this one.
   */
  readonly pump = (): void => {
    this.#serveAgain = true;
    if (this.#isServing) return;
    this.#isServing = true;
    while (this.#serveAgain) {
      this.#serveAgain = false;
      this.#serve();
    }
    this.#isServing = false;
  };

  /** Ends all sessions; those that wait fail with `CLOSED`, and so does who comes later. */
  async close(reason: TerminationReason): Promise<void> {
    this.#isClosed = true;
    const message = 'The session pool closed while a call waited for a session.';
    for (const waiter of this.#queue.drain()) waiter.reject(new CapstanError('CLOSED', message, { retryable: true }));
    if (this.#opener.isOpening) this.#opener.abort(new CapstanError('CLOSED', message));
    await Promise.all(this.#sessions.map((session) => session.terminate(reason)));
  }

  #serve(): void {
    if (this.#queue.size === 0) {
      if (!this.#context.capacity.isWanted) return;
      for (const session of this.#sessions) if (session.state === 'ready') this.#context.capacity.offer(session);
      return;
    }
    this.#tidy();
    for (let next = this.#queue.peek(); next !== undefined; next = this.#queue.peek()) {
      const session = this.#withRoom(next.alone);
      if (session === undefined) return this.#grow(next.target);
      this.#queue.shift();
      next.settle(session.take(next.alone));
    }
  }

  /** Lets sessions go whose time has come, and has those asked that idled for long. */
  #tidy(): void {
    const now = Date.now();
    let isGone = false;
    for (const session of this.#sessions) {
      if (!session.isAlive || session.expire(now)) isGone = true;
      else if (session.needsValidation(now)) session.validate();
    }
    if (isGone) this.#sessions = this.#sessions.filter(({ isAlive }) => isAlive);
  }

  /** The least loaded session that takes one more call. */
  #withRoom(alone: boolean): PooledSession | undefined {
    let best: PooledSession | undefined;
    for (const session of this.#sessions) {
      if (session.hasRoom(alone) && (best === undefined || session.inFlight < best.inFlight)) best = session;
    }
    return best;
  }

  #grow(target: SessionTarget): void {
    const alive = this.#sessions.filter(({ isAlive }) => isAlive).length;
    if (alive < this.#settings.maxSessions && !this.#isClosed) this.#full = this.#opener.open(target);
  }

  #opened(session: PooledSession): void {
    this.#failure = undefined;
    this.#facts = session.facts;
    this.#sessions.push(session);
    this.pump();
    this.#dismissOverdue();
  }

  /** Those that wait go on waiting where the next opening may come in time; else they learn why there is none. */
  #notOpened(error: unknown, verdict: ErrorVerdict): void {
    const pauseMs = this.upstream.breaker.retryAfterMs(Date.now());
    const mayWait = verdict.kind === 'transient' && pauseMs <= this.#context.options.acquireTimeoutMs;
    this.#failure = verdict.kind === 'transient' ? error : undefined;
    if (!mayWait) {
      // Openings are repeated here and nowhere else; only refused credentials are told as what they are.
      const kind = verdict.kind === 'unauthorized' ? 'unauthorized' : 'fatal';
      const failure = new OpeningFailure(error, { ...verdict, kind, sent: false });
      for (const waiter of this.#queue.drain()) waiter.reject(failure);
    }
    this.#dismissOverdue();
    this.pump();
  }

  /** Refuses at once whom waiting would not help. */
  #refuseHopeless(target: SessionTarget, lane: string, alone: boolean): void {
    if (this.#isClosed) throw new CapstanError('CLOSED', 'The session pool is closing and takes no more calls.');
    if (this.#queue.refuses(lane)) throw this.#overloaded(target, 'key', `${this.#queue.size} calls wait already`);
    const { acquireTimeoutMs } = this.#context.options;
    const retryAfterMs = this.upstream.breaker.retryAfterMs(Date.now());
    if (retryAfterMs > acquireTimeoutMs && this.#sessions.length === 0) {
      throw circuitOpen(target.capability, retryAfterMs, this.#failure);
    }
    if (!alone && this.#estimateMs() > acquireTimeoutMs) {
      throw this.#overloaded(target, 'key', 'calls ahead would take longer than it may wait');
    }
  }

  /** An opening under way has its own limit: who waited for it until now waits for its end. */
  #overdue(waiter: Waiter): void {
    if (this.#opener.isOpening) waiter.isOverdue = true;
    else this.#leave(waiter, this.#waitedInVain(waiter.target));
  }

  #dismissOverdue(): void {
    for (const waiter of this.#queue.entries()) {
      if (waiter.isOverdue) this.#leave(waiter, this.#waitedInVain(waiter.target));
    }
  }

  /** What a call rejects with that waited as long as it may. */
  #waitedInVain(target: SessionTarget): unknown {
    const { acquireTimeoutMs } = this.#context.options;
    this.#context.telemetry.sessionTimedOut(this.plugin.prefix);
    if (this.#failure !== undefined) return new OpeningFailure(this.#failure, fatal);
    const what = this.#full === undefined ? 'sessions are busy' : 'no further session may be opened';
    return this.#overloaded(target, this.#full ?? 'key', `${what} for ${acquireTimeoutMs} ms`);
  }

  #leave(waiter: Waiter, reason: unknown): void {
    if (!this.#queue.remove(waiter)) return;
    waiter.reject(reason);
    if (this.#queue.size === 0) this.#opener.abort(new CapstanError('CANCELLED', 'Nobody waits for this session.'));
  }

  /** Of capabilities that share a session the smallest settings count. */
  #learn(capability: Capability): void {
    const settings = this.#context.settings.of(capability);
    if (settings === this.#learned) return;
    this.#learned = settings;
    this.#settings = smallestSettings(this.#settings, settings);
    this.#queue.limit = this.#settings.queueLimit;
  }

  /** How long the queue as it is would take, on the sessions there are; where there is none, on the one that is to come. */
  #estimateMs(): number {
    const alive = this.#sessions.filter(({ isAlive }) => isAlive);
    const ofOne = concurrencyOf(this.#facts, this.#settings);
    const places = alive.length === 0 ? ofOne : alive.reduce((sum, session) => sum + session.maxConcurrency, 0);
    return (this.#queue.size * this.#serviceTime.usualMs) / Math.max(1, places);
  }

  #overloaded({ capability }: SessionTarget, scope: 'key' | 'provider' | 'total', why: string): CapstanError {
    this.#context.telemetry.rejected(scope);
    const retryAfterMs = Math.min(longestRetryMs, Math.max(shortestRetryMs, Math.ceil(this.#estimateMs())));
    return overloaded(capability, { scope, why, retryAfterMs, queueDepth: this.#queue.size });
  }
}
