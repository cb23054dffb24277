import type { Caller, Capability } from './capability.ts';

export interface CompletionRequest {
  readonly capability: Capability;
  readonly caller: Caller;
  readonly argument: { readonly name: string; readonly value: string };
  /** Arguments already decided. */
  readonly context?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface Completion {
  readonly values: readonly string[];
  readonly total?: number;
  readonly hasMore?: boolean;
}

/** A plugin that can suggest values for an argument. */
export interface Completes<S = unknown> {
  complete(session: S | undefined, request: CompletionRequest): Promise<Completion>;
}
