import { AsyncLocalStorage } from 'node:async_hooks';
import type { Caller, Capability, LogEntry } from '@capstan/provider';

/** What a request needs to know about the call it belongs to, while many calls share one session. */
export interface CallContext {
  readonly capability: Capability;
  readonly caller: Caller;
  readonly onLog?: (entry: LogEntry) => void;
  /** Values read for this call, to be struck out of its errors. Emptied at its end: sockets and streams may remember the context. */
  readonly secretValues: Set<string>;
}

/** Says which call a request or a notification belongs to. `undefined` inside code of the caller's own. */
export type CallContexts = AsyncLocalStorage<CallContext | undefined>;

export function createCallContexts(): CallContexts {
  return new AsyncLocalStorage<CallContext | undefined>();
}

export function createCallContext(
  of: Pick<CallContext, 'capability' | 'caller'> & { readonly onLog?: CallContext['onLog'] | undefined },
): CallContext {
  const { capability, caller, onLog } = of;
  return { capability, caller, ...(onLog === undefined ? {} : { onLog }), secretValues: new Set() };
}
