/** A metric: what it is called, what it counts, and the only attributes its measurements may have. */
export interface Instrument {
  readonly name: string;
  /** `gauge` and `up-down-counter` are read when metrics are collected; the others are written when something happens. */
  readonly type: 'counter' | 'histogram' | 'gauge' | 'up-down-counter';
  /** UCUM, as OpenTelemetry writes units. */
  readonly unit: string;
  readonly description: string;
  readonly attributes: readonly string[];
}

/** A value for each attribute of the instrument, no more and no less. */
export type AttributesOf<I extends Instrument> = { readonly [Name in I['attributes'][number]]: string };

/** Upper bounds of every histogram's buckets, in seconds. */
export const bucketBoundaries: readonly number[] = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];

/**
 * Every metric of the runtime. Never an attribute: session ids, callers, tenants, URLs, inputs, names of capabilities.
 * Prometheus sees dots as underscores, and counters with `_total`.
 */
export const instruments = {
  callDuration: {
    name: 'capstan.call.duration',
    type: 'histogram',
    unit: 's',
    description: 'Duration of a call, from its acceptance to its answer, waiting and retries included.',
    attributes: ['provider', 'session', 'outcome'],
  },
  callRetries: {
    name: 'capstan.call.retries',
    type: 'counter',
    unit: '{retry}',
    description: 'Calls repeated, by what the provider plugin said of the error.',
    attributes: ['provider', 'verdict'],
  },
  sessionCount: {
    name: 'capstan.session.count',
    type: 'up-down-counter',
    unit: '{session}',
    description: 'Provider sessions that exist, by state: idle, used, creating or draining.',
    attributes: ['provider', 'state'],
  },
  sessionMax: {
    name: 'capstan.session.max',
    type: 'gauge',
    unit: '{session}',
    description: 'Provider sessions that may exist at once.',
    attributes: ['provider'],
  },
  sessionPendingRequests: {
    name: 'capstan.session.pending_requests',
    type: 'gauge',
    unit: '{request}',
    description: 'Calls that wait for a provider session.',
    attributes: ['provider'],
  },
  sessionCreated: {
    name: 'capstan.session.created',
    type: 'counter',
    unit: '{session}',
    description: 'Provider sessions opened.',
    attributes: ['provider'],
  },
  sessionReused: {
    name: 'capstan.session.reused',
    type: 'counter',
    unit: '{call}',
    description: 'Calls that ran on a provider session that was open already.',
    attributes: ['provider'],
  },
  sessionLost: {
    name: 'capstan.session.lost',
    type: 'counter',
    unit: '{session}',
    description: 'Provider sessions found dead.',
    attributes: ['provider'],
  },
  sessionRecovered: {
    name: 'capstan.session.recovered',
    type: 'counter',
    unit: '{session}',
    description: 'Lost provider sessions replaced by a new one.',
    attributes: ['provider'],
  },
  sessionTimeouts: {
    name: 'capstan.session.timeouts',
    type: 'counter',
    unit: '{timeout}',
    description: 'Calls that got no provider session in time.',
    attributes: ['provider'],
  },
  sessionLeaked: {
    name: 'capstan.session.leaked',
    type: 'counter',
    unit: '{lease}',
    description: 'Leases held for longer than allowed without a heartbeat.',
    attributes: ['provider'],
  },
  sessionEvicted: {
    name: 'capstan.session.evicted',
    type: 'counter',
    unit: '{session}',
    description: 'Provider sessions ended by the pool, by reason.',
    attributes: ['provider', 'reason'],
  },
  sessionCreateTime: {
    name: 'capstan.session.create_time',
    type: 'histogram',
    unit: 's',
    description: 'Time taken to open a provider session.',
    attributes: ['provider'],
  },
  sessionWaitTime: {
    name: 'capstan.session.wait_time',
    type: 'histogram',
    unit: 's',
    description: 'Time that a call waited for a provider session.',
    attributes: ['provider'],
  },
  sessionUseTime: {
    name: 'capstan.session.use_time',
    type: 'histogram',
    unit: 's',
    description: 'Time between taking a provider session and giving it back.',
    attributes: ['provider'],
  },
  sessionLifetime: {
    name: 'capstan.session.lifetime',
    type: 'histogram',
    unit: 's',
    description: 'Time between the opening and the end of a provider session.',
    attributes: ['provider'],
  },
  breakerState: {
    name: 'capstan.breaker.state',
    type: 'gauge',
    unit: '{breaker}',
    description: 'Circuit breakers that are open or half-open, by level: upstream or key.',
    attributes: ['provider', 'level'],
  },
  overloadRejections: {
    name: 'capstan.overload.rejections',
    type: 'counter',
    unit: '{call}',
    description: 'Calls refused because a bound was reached, by scope of the bound.',
    attributes: ['scope'],
  },
  executorQueue: {
    name: 'capstan.executor.queue',
    type: 'gauge',
    unit: '{task}',
    description: 'Background tasks that wait for their turn.',
    attributes: [],
  },
  eventLoopDelay: {
    name: 'nodejs.eventloop.delay',
    type: 'histogram',
    unit: 's',
    description: 'How much later than due the event loop ran a timer.',
    attributes: [],
  },
} as const satisfies Record<string, Instrument>;
