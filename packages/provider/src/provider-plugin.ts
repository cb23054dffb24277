import type { Caller, Capability } from './capability.ts';
import type { Invocation } from './invocation.ts';
import type { JsonSchema } from './json.ts';
import type { ProviderHost } from './provider-host.ts';
import type { ProviderResult } from './result.ts';
import type { ErrorVerdict, SessionFacts, SessionKey, SessionRequest, TerminationReason } from './session.ts';

/**
 * What a plugin author writes. `S` is the plugin's own session object: the runtime never looks inside.
 * A plugin keeps no state of a call in its fields, pools nothing and retries nothing: the session pool does, for every plugin alike.
 */
export interface ProviderPlugin<S = unknown> {
  /** Lower-case letters and digits. The plugin owns all metadata keys `<prefix>_*`. */
  readonly prefix: string;
  /** Schema of the flat `<prefix>_*` keys: types, defaults (filled in at load) and descriptions (shown by editors). */
  readonly metadataSchema: JsonSchema;
  /** Pure and quick: asked on every call. */
  sessionKey(capability: Capability, caller: Caller): SessionKey;
  initializeSession(request: SessionRequest): Promise<S>;
  /** May run many times at once on one session. */
  executeWithSession(session: S, invocation: Invocation): Promise<ProviderResult>;
  /** May be asked twice. Resolving means that the upstream confirmed the end, or keeps nothing that could be ended. */
  terminateSession(session: S, reason: TerminationReason): Promise<void>;
  /** A call that needs no session. */
  execute(invocation: Invocation): Promise<ProviderResult>;
  classifyError(error: unknown): ErrorVerdict;
  /** Asked after initialize and after refresh. */
  describeSession?(session: S): SessionFacts;
  validateSession?(session: S, signal: AbortSignal): Promise<boolean>;
  /** Renews credentials in place. */
  refreshSession?(session: S, signal: AbortSignal): Promise<void>;
  /** Called once, after all sessions ended. */
  close?(): Promise<void>;
}

/** A plugin, or a function that makes one from what the runtime lends it. */
// The session type is the plugin's own affair; `any` is what lets plugins of every session type stand in one list.
// oxlint-disable-next-line typescript/no-explicit-any
export type Provider = ProviderPlugin<any> | ((host: ProviderHost) => ProviderPlugin<any>);
