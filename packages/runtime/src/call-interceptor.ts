import type { CapabilityResult, Invocation } from '@capstan/provider';

/** Around every call, outermost first: audit, approval, isolation, recording. The one way to put something around a call. */
export type CallInterceptor = (
  invocation: Invocation,
  next: (invocation: Invocation) => Promise<CapabilityResult>,
) => Promise<CapabilityResult>;
