import {
  type CallRecord,
  type Capability,
  type CapabilityResult,
  CapstanError,
  type InputRequest,
  type Invocation,
  type JsonValue,
  type TraceContext,
} from '@capstan/provider';
import { randomUUID } from 'node:crypto';
import type { CallInterceptor } from '../call-interceptor.ts';
import { InputValidator } from '../capability/input-validator.ts';
import { injectAll, Lifecycle, scoped } from '../container.ts';
import { nearMatches } from '../near-matches.ts';
import { asCapstanError } from '../recovery.ts';
import { RuntimeEvents } from '../runtime-events.ts';
import { Secrets } from '../secrets.ts';
import type { CallOutcome } from '../telemetry/call-outcome.ts';
import { Telemetry } from '../telemetry/telemetry.ts';
import { CALL_INTERCEPTOR } from '../tokens.ts';
import type { CallDeadline } from './call-deadline.ts';
import { type CallOptions, hostCaller } from './call-options.ts';
import { CapabilitySearch, type SearchHit } from './capability-search.ts';
import { Dispatcher } from './dispatcher.ts';
import { RateLimiter } from './rate-limit.ts';
import { RunningCalls } from './running-calls.ts';

export interface ListFilter {
  readonly provider?: string;
  readonly tag?: string;
  readonly kind?: Capability['kind'];
}

/** A call that has a number and a deadline. */
interface AcceptedCall {
  readonly callId: string;
  readonly capability: Capability;
  readonly input: JsonValue;
  readonly deadline: CallDeadline;
  readonly trace: TraceContext | undefined;
}

/**
 * Holds the capabilities and runs them: looks one up, checks the input, gives the call its deadline, and hands it through the
 * interceptors to the dispatcher.
 */
@scoped(Lifecycle.ContainerScoped)
export class Marketplace {
  readonly events: RuntimeEvents;
  readonly #validator: InputValidator;
  readonly #running: RunningCalls;
  readonly #dispatcher: Dispatcher;
  readonly #secrets: Secrets;
  readonly #telemetry: Telemetry;
  readonly #rates = new RateLimiter();
  readonly #capabilities = new Map<string, Capability>();
  readonly #search = new CapabilitySearch();
  readonly #execute: (invocation: Invocation) => Promise<CapabilityResult>;
  readonly #isIntercepted: boolean;

  constructor(
    validator: InputValidator,
    running: RunningCalls,
    dispatcher: Dispatcher,
    secrets: Secrets,
    telemetry: Telemetry,
    events: RuntimeEvents,
    @injectAll(CALL_INTERCEPTOR, { isOptional: true }) interceptors: readonly CallInterceptor[],
  ) {
    this.#validator = validator;
    this.#running = running;
    this.#dispatcher = dispatcher;
    this.#secrets = secrets;
    this.#telemetry = telemetry;
    this.events = events;
    this.#isIntercepted = interceptors.length > 0;
    this.#execute = interceptors.reduceRight<(invocation: Invocation) => Promise<CapabilityResult>>(
      (next, interceptor) => (invocation) => interceptor(invocation, next),
      (invocation) => (interceptors.length > 0 ? this.#dispatchRedacted(invocation) : dispatcher.call(invocation)),
    );
  }

  /** Throws `MANIFEST_INVALID` where the id is taken. */
  register(capability: Capability): void {
    const { id, provider } = capability;
    const other = this.#capabilities.get(id);
    if (other !== undefined) {
      throw new CapstanError('MANIFEST_INVALID', `${id} is declared twice: ${place(other)} and ${place(capability)}.`);
    }
    this.#capabilities.set(id, capability);
    this.#search.add(capability);
    this.events.emit({ type: 'capability-registered', capability: id, provider });
  }

  get(id: string): Capability | undefined {
    return this.#capabilities.get(id);
  }

  /** Throws `CAPABILITY_NOT_FOUND`, with similar ids, where there is none. */
  require(id: string): Capability {
    const capability = this.#capabilities.get(id);
    if (capability !== undefined) return capability;
    const nearest = nearMatches(id, this.#capabilities.keys());
    const hint =
      this.#capabilities.size === 0
        ? 'No capability is loaded.'
        : nearest.length > 0
          ? `Did you mean ${nearest.join(' or ')}?`
          : `${this.#capabilities.size} others are loaded.`;
    throw new CapstanError('CAPABILITY_NOT_FOUND', `No capability is called "${id}". ${hint}`, {
      details: { id, nearMatches: nearest },
    });
  }

  /** In the order of their ids. */
  list(filter: ListFilter = {}): readonly Capability[] {
    const { provider, tag, kind } = filter;
    return [...this.#capabilities.values()]
      .filter(
        (capability) =>
          (provider === undefined || capability.provider === provider) &&
          (tag === undefined || capability.tags?.includes(tag) === true) &&
          (kind === undefined || capability.kind === kind),
      )
      .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Capabilities in whose id, name, tags or description every word of `query` occurs, best first. `limit` defaults to 20. */
  search(query: string, options: { readonly limit?: number } = {}): readonly SearchHit[] {
    return this.#search.search(query, options.limit ?? 20);
  }

  /**
   * Runs a capability. Resolves with the upstream's answer, `isError` included. Rejects with a `CapstanError` where there is none:
   * `CAPABILITY_NOT_FOUND`, `INPUT_INVALID`, `SESSION_UNAVAILABLE`, `TIMEOUT`, `CANCELLED`, `CLOSED`, or what the plugin reports.
   */
  async execute(id: string, input: JsonValue = {}, options: CallOptions = {}): Promise<CapabilityResult> {
    this.#running.checkOpen();
    const capability = this.require(id);
    const callId = this.#running.nextId();
    const span = this.#telemetry.startCall({ callId, capability: id, provider: capability.provider });
    const deadline = this.#running.begin(capability, options);
    const invocation = this.#invocationOf({ callId, capability, input, deadline, trace: span?.traceContext }, options);
    const startedAt = performance.now();
    try {
      this.#validator.check(capability, input);
      this.#rates.check(capability, invocation.caller);
      const running = span === undefined ? this.#execute(invocation) : span.run(() => this.#execute(invocation));
      const result = this.#secrets.redact(await (this.#isIntercepted ? deadline.holdTo(running) : running));
      const outcome = result.isError ? 'error' : 'ok';
      this.#reportEnd(invocation, outcome, result.call, startedAt);
      span?.end(outcome, result.call);
      return result;
    } catch (cause) {
      const error = this.#secrets.redactError(asCapstanError(capability, cause));
      this.#reportEnd(invocation, error.code, undefined, startedAt);
      span?.end(error.code);
      throw error;
    } finally {
      this.#running.end(deadline);
    }
  }

  /** Takes no new calls; resolves when those in flight are over, at the latest after `deadlineMs`, when they are cancelled. */
  async close(deadlineMs: number): Promise<void> {
    await this.#running.close(deadlineMs);
  }

  #invocationOf(
    { callId, capability, input, deadline, trace }: AcceptedCall,
    { caller = hostCaller, signal: _signal, timeoutMs: _idle, maxTotalMs: _total, ...options }: CallOptions,
  ): Invocation {
    const { onProgress, onLog, onInputRequired, ...rest } = options;
    const secrets = this.#secrets;
    return {
      ...rest,
      ...(capability.effect === 'keyed' && { idempotencyKey: options.idempotencyKey ?? randomUUID() }),
      ...(trace && { trace }),
      callId,
      capability,
      input,
      caller,
      signal: deadline.signal,
      attempt: 0,
      onProgress: deadline.extending(onProgress && ((progress) => onProgress(secrets.redact(progress)))),
      ...(onLog && { onLog: (entry) => onLog(secrets.redact(entry)) }),
      ...(onInputRequired && {
        onInputRequired: deadline.resting((request: InputRequest) => onInputRequired(secrets.redact(request))),
      }),
    };
  }

  /** What interceptors see holds no secret either. */
  async #dispatchRedacted(invocation: Invocation): Promise<CapabilityResult> {
    try {
      return this.#secrets.redact(await this.#dispatcher.call(invocation));
    } catch (error) {
      throw this.#secrets.redactError(asCapstanError(invocation.capability, error));
    }
  }

  #reportEnd(invocation: Invocation, outcome: CallOutcome, record: CallRecord | undefined, startedAt: number): void {
    const { callId: call, capability, caller } = invocation;
    const { id, effect } = capability;
    const durationMs = performance.now() - startedAt;
    this.#telemetry.callEnded(capability.provider, record?.session ?? 'none', outcome, durationMs / 1_000);
    if (!this.events.observed) return;
    const attempts = record?.attempts ?? 0;
    this.events.emit({ type: 'call-end', call, capability: id, effect, caller, outcome, attempts, durationMs });
  }
}

function place({ source }: Capability): string {
  return `${source.file}:${source.line}:${source.column}`;
}
