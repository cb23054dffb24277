import type { Caller, Invocation } from '@capstan/provider';

/** What a caller may say about one call. All optional. */
export interface CallOptions extends Pick<
  Invocation,
  | 'clientCapabilities'
  | 'conversationId'
  | 'idempotencyKey'
  | 'inputMode'
  | 'onInputRequired'
  | 'onLog'
  | 'onProgress'
  | 'resume'
> {
  /** On whose behalf. Default: the host itself, as one caller. */
  readonly caller?: Caller;
  /** Cancels the call: it rejects with `CANCELLED`. */
  readonly signal?: AbortSignal;
  /** Tighter limits for this call, in milliseconds; they never widen the capability's own. */
  readonly timeoutMs?: number;
  readonly maxTotalMs?: number;
}

/** A host that names no caller is one caller. */
export const hostCaller: Caller = { subject: 'host' };
