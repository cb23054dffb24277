import type { Caller, Capability, Invocation } from '@capstan/provider';

/** The call that a request belongs to: whose credentials it carries, and who hears what the server says meanwhile. */
export interface CallContext {
  readonly capability: Capability;
  readonly caller: Caller;
  readonly onLog?: Invocation['onLog'];
  readonly onInputRequired?: Invocation['onInputRequired'];
  /** Values read for this call, to be struck out of its errors. Emptied at its end: sockets and streams may remember the context. */
  readonly secretValues: Set<string>;
}

export function createCallContext(of: Pick<CallContext, 'capability' | 'caller'> & Partial<CallContext>): CallContext {
  const { capability, caller, onLog, onInputRequired } = of;
  return {
    capability,
    caller,
    ...(onLog === undefined ? {} : { onLog }),
    ...(onInputRequired === undefined ? {} : { onInputRequired }),
    secretValues: new Set(),
  };
}
