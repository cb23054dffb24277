import type { CallRecord, ErrorVerdict, TerminationReason } from '@capstan/provider';
import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { inject, Lifecycle, scoped } from '../container.ts';
import { TELEMETRY_OPTIONS } from '../tokens.ts';
import { type CallOutcome, knownOutcome } from './call-outcome.ts';
import type { CallSpan } from './call-span.ts';
import type { CallTracer, TracedCall } from './call-tracer.ts';
import { EventLoopDelay } from './event-loop-delay.ts';
import { HostMeter } from './host-meter.ts';
import { instruments } from './instruments.ts';
import { MetricRegistry } from './metric-registry.ts';
import { prometheusText } from './prometheus-text.ts';
import { observationsOf, observedInstruments, type TelemetrySource } from './telemetry-source.ts';

/** How a runtime is measured. With nothing set `exportMetrics` works, and spans go to OpenTelemetry's global tracer, if there is one. */
export interface TelemetryOptions {
  /** The host's own: gets every measurement as well, except the event loop's delay, which is the process's. Default none. */
  readonly meterProvider?: MeterProvider;
  /** Gets a span for each call. Default: the one that the host made OpenTelemetry's global one. */
  readonly tracerProvider?: TracerProvider;
  /** Measures how late the event loop is while the runtime lives. Default true. */
  readonly eventLoopDelay?: boolean;
}

/** Which bound refused a call: of one pool key, of one provider, of the whole pool, or of the executor of background tasks. */
export type OverloadScope = 'key' | 'provider' | 'total' | 'executor';

const verdicts: ReadonlySet<string> = new Set([
  'session-lost',
  'unauthorized',
  'transient',
  'caller',
  'fatal',
] satisfies ErrorVerdict['kind'][]);

/** Under this symbol OpenTelemetry's API keeps what a host registered, so that all its copies find it. */
const globalApi = Symbol.for('opentelemetry.js.api.1');

/** Measures one runtime. Durations are in seconds. Opens no port, registers nothing globally, and shares nothing with other runtimes. */
@scoped(Lifecycle.ContainerScoped)
export class Telemetry {
  readonly #options: TelemetryOptions;
  readonly #metrics: MetricRegistry;
  #tracer: CallTracer | undefined;
  #loading: Promise<void> | undefined;
  #eventLoopDelay: EventLoopDelay | undefined;
  #endObservation: (() => void) | undefined;
  #closed = false;

  constructor(@inject(TELEMETRY_OPTIONS) options: TelemetryOptions) {
    this.#options = options;
    this.#metrics = new MetricRegistry(options.meterProvider && new HostMeter(options.meterProvider));
  }

  /** Starts what lives as long as the runtime does, and resolves when calls can be traced, where the host traces. Idempotent. */
  async open(): Promise<void> {
    if (this.#closed) return;
    if (this.#options.eventLoopDelay !== false && this.#eventLoopDelay === undefined) {
      const delay = new EventLoopDelay();
      this.#eventLoopDelay = delay;
      const instrument = instruments.eventLoopDelay;
      this.#metrics.observe([instrument], () => [{ instrument, attributes: {}, value: delay.read() }]);
    }
    if (this.#tracing) await this.#loadTracer();
  }

  callEnded(provider: string, session: CallRecord['session'], outcome: CallOutcome, seconds: number): void {
    this.#metrics.record(instruments.callDuration, seconds, { provider, session, outcome: knownOutcome(outcome) });
  }

  callRetried(provider: string, verdict: ErrorVerdict['kind']): void {
    this.#metrics.add(instruments.callRetries, { provider, verdict: verdicts.has(verdict) ? verdict : 'other' });
  }

  /** From taking a session to giving it back. */
  sessionUsed(provider: string, seconds: number): void {
    this.#metrics.record(instruments.sessionUseTime, seconds, { provider });
  }

  /** For every call that needs a session: 0 where one was free. */
  sessionWaited(provider: string, seconds: number): void {
    this.#metrics.record(instruments.sessionWaitTime, seconds, { provider });
  }

  sessionReused(provider: string): void {
    this.#metrics.add(instruments.sessionReused, { provider });
  }

  sessionCreated(provider: string, seconds: number): void {
    this.#metrics.add(instruments.sessionCreated, { provider });
    this.#metrics.record(instruments.sessionCreateTime, seconds, { provider });
  }

  sessionLost(provider: string): void {
    this.#metrics.add(instruments.sessionLost, { provider });
  }

  /** A lost session was replaced. */
  sessionRecovered(provider: string): void {
    this.#metrics.add(instruments.sessionRecovered, { provider });
  }

  /** A call got no session in time. */
  sessionTimedOut(provider: string): void {
    this.#metrics.add(instruments.sessionTimeouts, { provider });
  }

  sessionLeaked(provider: string): void {
    this.#metrics.add(instruments.sessionLeaked, { provider });
  }

  sessionEvicted(provider: string, reason: TerminationReason): void {
    this.#metrics.add(instruments.sessionEvicted, { provider, reason });
  }

  /** Any end, whatever the reason. */
  sessionEnded(provider: string, lifetimeSeconds: number): void {
    this.#metrics.record(instruments.sessionLifetime, lifetimeSeconds, { provider });
  }

  /** A call was refused because a bound was reached. */
  rejected(scope: OverloadScope): void {
    this.#metrics.add(instruments.overloadRejections, { scope });
  }

  /** What gauges show: asked when metrics are collected, until `close`. A later source takes the place of the earlier. */
  observe(source: TelemetrySource): void {
    if (this.#closed) return;
    this.#endObservation?.();
    this.#endObservation = this.#metrics.observe(observedInstruments, () => observationsOf(source));
  }

  /** Undefined where nobody traces. */
  startCall(call: TracedCall): CallSpan | undefined {
    if (!this.#tracing) return undefined;
    // A host that began to trace after the runtime started gets spans as soon as the tracer is loaded.
    if (this.#tracer === undefined) this.#loadTracer().catch(noTracer);
    return this.#tracer?.start(call);
  }

  /** Prometheus text, format version 0.0.4. */
  async exportMetrics(): Promise<string> {
    return prometheusText(this.#metrics.collect(), { service_name: 'capstan' });
  }

  /** Ends the event loop's measurement and asks no source any more. What is measured afterwards still counts. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#endObservation?.();
    this.#endObservation = undefined;
    this.#eventLoopDelay?.close();
    await this.#loading?.catch(noTracer);
  }

  get #tracing(): boolean {
    if (this.#options.tracerProvider !== undefined) return true;
    const registered = (globalThis as { [globalApi]?: { readonly trace?: unknown } })[globalApi];
    return registered?.trace !== undefined;
  }

  #loadTracer(): Promise<void> {
    this.#loading ??= import('./call-tracer.ts').then(({ CallTracer: Loaded }) => {
      this.#tracer = new Loaded(this.#options.tracerProvider);
    });
    return this.#loading;
  }
}

/** `open` is where it is reported that OpenTelemetry's API cannot be loaded; no call fails for it. */
function noTracer(): void {}
