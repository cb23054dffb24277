import type { Caller, Invocation } from '@capstan/provider';
import type { TighterLimits } from './call-limits.ts';

/** What a caller may say about anything that is asked of an upstream. All optional. */
export interface OperationOptions extends Pick<Invocation, 'conversationId'>, TighterLimits {
  /** On whose behalf. Default: the host itself, as one caller. */
  readonly caller?: Caller;
  /** Cancels it: it rejects with `CANCELLED`. */
  readonly signal?: AbortSignal;
}

/** What a caller may say about one call. All optional. */
export interface CallOptions
  extends
    OperationOptions,
    Pick<
      Invocation,
      'clientCapabilities' | 'idempotencyKey' | 'inputMode' | 'onInputRequired' | 'onLog' | 'onProgress' | 'resume'
    > {}

/** A host that names no caller is one caller. */
export const hostCaller: Caller = { subject: 'host' };
