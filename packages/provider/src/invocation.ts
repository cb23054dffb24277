import type { Caller, Capability } from './capability.ts';
import type { JsonObject, JsonValue } from './json.ts';
import type { TraceContext } from './trace-context.ts';

/** How far a call is. `progress` only grows; `total`, in the same unit, where the upstream knows it. */
export interface Progress {
  readonly progress: number;
  readonly total?: number;
  readonly message?: string;
}

export type LogLevel = 'debug' | 'info' | 'warning' | 'error';

/** Something an upstream logged while it ran a call. */
export interface LogEntry {
  readonly level: LogLevel;
  readonly logger?: string;
  readonly data: JsonValue;
}

/** The upstream asks the caller for something before it can answer; `params` are as the upstream sent them. */
export interface InputRequest {
  readonly kind: 'elicitation' | 'sampling' | 'roots';
  readonly params: JsonObject;
}

/** The caller's answer, in the shape that the kind of request defines. */
export type InputResponse = JsonObject;

/** One call, as a plugin gets it. */
export interface Invocation {
  /** Names the call in events and logs, the same for all its attempts; unique within its runtime. */
  readonly callId: string;
  readonly capability: Capability;
  /** Already valid against `capability.input`. */
  readonly input: JsonValue;
  readonly caller: Caller;
  /** Aborts on cancel and at the deadline, whichever comes first. */
  readonly signal: AbortSignal;
  readonly idempotencyKey?: string;
  /** 0 for the first try; the pool counts up when it repeats a call. */
  readonly attempt: number;
  readonly conversationId?: string;
  readonly onProgress?: (progress: Progress) => void;
  readonly onLog?: (entry: LogEntry) => void;
  /**
   * Answers what the upstream asks while the call lives; rejects what nobody here answers, which the plugin then declines in the protocol's
   * own way. Without it, and without `inputMode: 'return'`, such requests are declined. While it is pending no time without an answer is
   * counted (`call_timeout_ms`): a person may be typing. A timer of the plugin's own has to rest as well; `signal` still ends the call in time.
   */
  readonly onInputRequired?: (request: InputRequest) => Promise<InputResponse>;
  /** `return`: the result carries `inputRequired` instead, and a second invocation brings `resume`. Default `answer`. */
  readonly inputMode?: 'answer' | 'return';
  readonly resume?: { readonly state: string; readonly responses: Readonly<Record<string, InputResponse>> };
  /** What the caller's own client can answer, passed upstream where the protocol can. */
  readonly clientCapabilities?: JsonObject;
  /** The span of this call, where the host traces. A plugin passes it upstream in the protocol's own place. */
  readonly trace?: TraceContext;
}
