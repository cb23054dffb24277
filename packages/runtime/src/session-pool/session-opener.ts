import { CapstanError, type ErrorVerdict, type ProviderPlugin } from '@capstan/provider';
import { untilAborted } from '../recovery.ts';
import { verdictOf } from '../verdict-of.ts';
import type { PoolContext } from './pool-context.ts';
import { PooledSession } from './pooled-session.ts';
import type { SessionSettings } from './session-settings.ts';
import type { SessionTarget } from './session-target.ts';
import type { Upstream } from './upstream.ts';

/** Sessions that end while they are opened, in a row, before that counts as a failure. */
const mostEarlyEnds = 3;
const fatal: ErrorVerdict = { kind: 'fatal', sent: false };

export interface SessionOpenerOptions {
  readonly plugin: ProviderPlugin;
  readonly key: string;
  readonly upstream: Upstream;
  readonly settings: () => SessionSettings;
  readonly onOpen: (session: PooledSession) => void;
  readonly onFailure: (error: unknown, verdict: ErrorVerdict) => void;
  /** An opening may be possible that was not, or is wanted again; also what sessions tell when they change. */
  readonly onChange: () => void;
}

/** Opens the sessions of one slot, one at a time, within the bounds of the pool and the pauses of the upstream's breaker. */
export class SessionOpener {
  readonly #context: PoolContext;
  readonly #options: SessionOpenerOptions;
  #controller: AbortController | undefined;
  #earlyEnds = 0;

  constructor(context: PoolContext, options: SessionOpenerOptions) {
    this.#context = context;
    this.#options = options;
  }

  get isOpening(): boolean {
    return this.#controller !== undefined;
  }

  /** Begins an opening for `target`, now or when `onChange` says that it may be tried. Says which bound is in the way, if one is. */
  open(target: SessionTarget): 'provider' | 'total' | undefined {
    if (this.#controller !== undefined) return undefined;
    const { plugin, upstream, onChange } = this.#options;
    const { capacity, tasks, telemetry } = this.#context;
    const full = capacity.reserve(plugin.prefix, onChange);
    if (full !== undefined) return full;
    if (!upstream.breaker.admit(Date.now())) {
      capacity.release(plugin.prefix);
      upstream.wait(onChange);
      return undefined;
    }
    const controller = new AbortController();
    this.#controller = controller;
    tasks
      .run(() => this.#open(target, controller))
      .catch((error: unknown) => {
        // Not even begun: the executor is full.
        telemetry.rejected('executor');
        capacity.release(plugin.prefix);
        upstream.abandoned();
        this.#controller = undefined;
        this.#options.onFailure(error, fatal);
      });
    return undefined;
  }

  /** Gives the opening up. What the plugin opens after all is ended. */
  abort(reason: CapstanError): void {
    this.#controller?.abort(reason);
    this.#context.capacity.forget(this.#options.onChange);
  }

  async #open(target: SessionTarget, controller: AbortController): Promise<void> {
    const { plugin, key, upstream, settings, onChange, onOpen } = this.#options;
    const { createTimeoutMs } = this.#context.options;
    const { id } = target.capability;
    const timer = setTimeout(() => {
      const message = `Opening a session for ${id} took longer than ${createTimeoutMs} ms.`;
      controller.abort(new CapstanError('TIMEOUT', message, { details: { capability: id } }));
    }, createTimeoutMs);
    const session = new PooledSession(this.#context, { plugin, target, upstream: upstream.name, settings, onChange });
    try {
      const isUsable = await untilAborted(session.open(key, controller.signal), controller.signal);
      this.#controller = undefined;
      if (isUsable) {
        this.#earlyEnds = 0;
        upstream.succeeded();
        onOpen(session);
      } else this.#endedEarly(id);
    } catch (error) {
      this.#controller = undefined;
      // Given up in the very moment in which it opened.
      if (session.isAlive) void session.terminate('evicted');
      this.#failed(error, controller.signal);
    } finally {
      clearTimeout(timer);
    }
  }

  #endedEarly(id: string): void {
    this.#options.upstream.abandoned();
    if (++this.#earlyEnds < mostEarlyEnds) {
      this.#options.onChange();
      return;
    }
    this.#earlyEnds = 0;
    const message = `Sessions for ${id} end while they are opened.`;
    this.#options.onFailure(new CapstanError('SESSION_LOST', message), fatal);
  }

  /** Tells the breaker of the upstream what a failure means, and the slot. */
  #failed(error: unknown, { aborted, reason }: AbortSignal): void {
    const { plugin, upstream, onChange, onFailure } = this.#options;
    const isOurs = aborted && error === reason;
    const isLate = isOurs && CapstanError.isInstance(error) && error.code === 'TIMEOUT';
    if (isOurs && !isLate) {
      // Nobody waits any more, or the pool closes; whoever came meanwhile wants an opening of its own.
      upstream.abandoned();
      onChange();
      return;
    }
    const verdict: ErrorVerdict = isLate ? { kind: 'transient', sent: false } : verdictOf(plugin, error);
    // An upstream that ends a session while it is opened, as a process that dies at its start, is as dead as one that does not answer.
    if (verdict.kind === 'transient' || verdict.kind === 'session-lost') upstream.failed(verdict.retryAfterMs);
    else upstream.succeeded();
    onFailure(error, verdict);
  }
}
