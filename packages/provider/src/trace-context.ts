/** W3C Trace Context and Baggage: the span that a call belongs to, as it crosses to an upstream. */
export interface TraceContext {
  /** `00-<trace id>-<span id>-<flags>` (Trace Context §3.2). */
  readonly traceparent: string;
  readonly tracestate?: string;
  /** Only what the host's own propagator lets out. */
  readonly baggage?: string;
}
