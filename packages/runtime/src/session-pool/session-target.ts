import type { Caller, Capability } from '@capstan/provider';

/** Whose call wants a session, and for which capability. */
export interface SessionTarget {
  readonly capability: Capability;
  readonly caller: Caller;
  readonly conversationId?: string | undefined;
}
