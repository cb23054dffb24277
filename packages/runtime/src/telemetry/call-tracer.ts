import { context, isSpanContextValid, SpanKind, trace, type Tracer, type TracerProvider } from '@opentelemetry/api';
import { CallSpan } from './call-span.ts';

/** What a span says of its call from the start. */
export interface TracedCall {
  readonly callId: string;
  readonly capability: string;
  readonly provider: string;
}

const maxNames = 1000;

/** Starts the spans of calls. Loaded only where a host traces: OpenTelemetry's API takes about 20 ms to import. */
export class CallTracer {
  readonly #tracer: Tracer;
  readonly #names = new Set<string>();

  /** Default: the tracer provider that the host made OpenTelemetry's global one. */
  constructor(provider: TracerProvider = trace.getTracerProvider()) {
    this.#tracer = provider.getTracer('capstan');
  }

  /** A child of the active span. Undefined where the tracer is none. */
  start({ callId, capability, provider }: TracedCall): CallSpan | undefined {
    const name = this.#bounded(capability);
    const parent = context.active();
    const attributes = { 'capstan.call.id': callId, 'capstan.capability.id': name, 'capstan.provider': provider };
    const span = this.#tracer.startSpan(`capability ${name}`, { kind: SpanKind.CLIENT, attributes }, parent);
    return isSpanContextValid(span.spanContext()) ? new CallSpan(span, parent) : undefined;
  }

  /** Backends index span names: beyond the first 1000, `other`. */
  #bounded(capability: string): string {
    if (this.#names.has(capability)) return capability;
    if (this.#names.size >= maxNames) return 'other';
    this.#names.add(capability);
    return capability;
  }
}
