import type { CallRecord, TraceContext } from '@capstan/provider';
import { type Context, context, propagation, type Span, SpanStatusCode, trace } from '@opentelemetry/api';
import { type CallOutcome, knownOutcome } from './call-outcome.ts';

/** The span of one call. Whoever started it ends it. */
export class CallSpan {
  readonly #span: Span;
  readonly #context: Context;
  #ended = false;

  constructor(span: Span, parent: Context) {
    this.#span = span;
    this.#context = trace.setSpan(parent, span);
  }

  /** To be passed upstream. Baggage is what the host's own propagator makes of it. */
  get traceContext(): TraceContext {
    const { traceId, spanId, traceFlags, traceState } = this.#span.spanContext();
    const tracestate = traceState?.serialize();
    const baggage = this.#baggage();
    return {
      traceparent: `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`,
      ...(tracestate && { tracestate }),
      ...(baggage && { baggage }),
    };
  }

  /** Runs `call` with this span active, so that spans begun in it become its children. */
  run<T>(call: () => T): T {
    return context.with(this.#context, call);
  }

  /** Names and counts only: no input, no output, no id of a session, no text of an error. */
  event(name: string, attributes?: Readonly<Record<string, string | number | boolean>>): void {
    this.#span.addEvent(name, attributes);
  }

  /** An error is told by its code: messages may quote what an upstream said. The second time nothing happens. */
  end(outcome: CallOutcome, record?: Pick<CallRecord, 'session' | 'attempts'>): void {
    if (this.#ended) return;
    this.#ended = true;
    const known = knownOutcome(outcome);
    this.#span.setAttribute('capstan.outcome', known);
    if (record !== undefined) {
      this.#span.setAttributes({ 'capstan.session': record.session, 'capstan.attempts': record.attempts });
    }
    if (known !== 'ok') {
      this.#span.setAttribute('error.type', known);
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end();
  }

  #baggage(): string | undefined {
    if (propagation.getBaggage(this.#context) === undefined) return undefined;
    const carrier: Record<string, string> = {};
    propagation.inject(this.#context, carrier);
    return carrier['baggage'];
  }
}
