/** What a client's process is asked, and what it answers. */
export const replies = ['json', 'sse'] as const;

/** In which form the upstream answers. */
export type Reply = (typeof replies)[number];

export interface Setting {
  readonly reply: Reply;
  readonly concurrency: number;
}

export type Question = ({ readonly kind: 'slice'; readonly ms: number } & Setting) | { readonly kind: 'memory' };

/** The first answer, given without a question. */
export interface Start {
  /** From before the import of the library to the first result. */
  readonly firstCallMs: number;
  /** Of which opening and the call itself. */
  readonly openAndCallMs: number;
}

/** What a client did in one stretch of time. */
export interface Slice {
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of the whole process, threads of the engine included. */
  readonly cpuMicrosPerCall: number;
}

/** Once memory was collected. */
export interface Memory {
  readonly heapMb: number;
  readonly rssMb: number;
}

/** What calls left behind in Capstan's process: each the growth since the first calls. */
export interface Leftovers {
  readonly listenersOfTheCaller: number;
  /** On any signal that lives on. Counted before memory is collected: to be collected some day is not to be gone. */
  readonly abortListeners: number;
  /** That nothing collects. */
  readonly signals: number;
  /** Set or cleared, that nothing collects once the runtime is closed. */
  readonly timers: number;
}
