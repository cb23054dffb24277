import type { Capability, ProviderHost, ProviderPlugin } from '@capstan/provider';

/** Something that the runtime asked of a plugin. */
export interface PluginCall {
  readonly door: 'initializeSession' | 'executeWithSession' | 'terminateSession' | 'execute';
  /** Unknown where a session ends. */
  readonly capability?: Capability;
  readonly signal?: AbortSignal;
}

/** A provider as it is, whose `onCall` learns what the runtime asks of it, before it happens. */
export function observedProvider<S>(
  provider: (host: ProviderHost) => ProviderPlugin<S>,
  onCall: (call: PluginCall) => void,
): (host: ProviderHost) => ProviderPlugin<S> {
  return (host) => {
    const plugin = provider(host);
    return {
      ...plugin,
      initializeSession: (request) => {
        onCall({ door: 'initializeSession', capability: request.capability, signal: request.signal });
        return plugin.initializeSession(request);
      },
      executeWithSession: (session, invocation) => {
        onCall({ door: 'executeWithSession', capability: invocation.capability, signal: invocation.signal });
        return plugin.executeWithSession(session, invocation);
      },
      terminateSession: (session, reason) => {
        onCall({ door: 'terminateSession' });
        return plugin.terminateSession(session, reason);
      },
      execute: (invocation) => {
        onCall({ door: 'execute', capability: invocation.capability, signal: invocation.signal });
        return plugin.execute(invocation);
      },
    };
  };
}
