import type { Caller, Capability } from './capability.ts';

export interface CompletionRequest {
  readonly capability: Capability;
  readonly caller: Caller;
  /** What is being typed, as far as it is. */
  readonly argument: { readonly name: string; readonly value: string };
  /** Arguments already decided. */
  readonly context?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface Completion {
  /** Best first. None is an answer too. */
  readonly values: readonly string[];
  /** How many there are in all, where the upstream knows. */
  readonly total?: number;
  readonly hasMore?: boolean;
}

/** A plugin that can suggest values for an argument. Called like a call that reads, in a session where the capability asks for one. */
export interface Completes<S = unknown> {
  complete(session: S | undefined, request: CompletionRequest): Promise<Completion>;
}
