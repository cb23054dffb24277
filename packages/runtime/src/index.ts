export type { CallInterceptor } from './call-interceptor.ts';
export { completes, discovers, runsTasks } from './capability/abilities.ts';
export { InputValidator } from './capability/input-validator.ts';
export { requiresSession, type SessionRequirement } from './capability/requires-session.ts';
export type { DependencyContainer } from './container.ts';
export {
  connectControl,
  type ConnectControlOptions,
  type ControlConnection,
} from './control-socket/connect-control.ts';
export type { ControllableRuntime } from './control-socket/control-answers.ts';
export type { ControlInfo } from './control-socket/control-protocol.ts';
export {
  type ControlledRuntime,
  listControlled,
  type ListControlledOptions,
} from './control-socket/list-controlled.ts';
export { type ControlServer, serveControl, type ServeControlOptions } from './control-socket/serve-control.ts';
export {
  type ChangedCapability,
  type ComparedField,
  compareDrafts,
  type DraftComparison,
  pinKey,
} from './manifest/compare-drafts.ts';
export { editManifest, type ManifestEdits } from './manifest/edit-manifest.ts';
export { lookAlikeKey } from './manifest/look-alikes.ts';
export type { CapabilityDeclaration, CapabilityFile, Manifest, NestedMetadata } from './manifest/manifest.ts';
export { type LoadedManifests, ManifestLoader } from './manifest/manifest-loader.ts';
export { formatProblem, type ManifestProblem } from './manifest/manifest-problem.ts';
export { manifestSchema } from './manifest/manifest-schema.ts';
export { DraftPreparer, type PreparedDraft, type RefusedDraft } from './manifest/prepare-drafts.ts';
export { isImported, manifestTexts } from './manifest/write-manifest.ts';
export { flattenMetadata, unflattenMetadata } from './manifest/metadata.ts';
export type { CallOptions, OperationOptions } from './marketplace/call-options.ts';
export type { CompletionQuestion } from './marketplace/capability-operations.ts';
export type { SearchHit } from './marketplace/capability-search.ts';
export { type ListFilter, Marketplace } from './marketplace/marketplace.ts';
export type { TaskControl, TaskWaitOptions } from './marketplace/task-control.ts';
export { nearMatches } from './near-matches.ts';
export { ProviderRegistry } from './provider-registry.ts';
export { createRuntime, type Runtime } from './runtime.ts';
export { type RuntimeEvent, type RuntimeEventListener, RuntimeEvents } from './runtime-events.ts';
export type { CallLimitOptions, RuntimeOptions, SessionPoolOptions } from './runtime-options.ts';
export { Secrets } from './secrets.ts';
export type { SessionScope } from './session-pool/pool-key.ts';
export type { ProviderSessionId, SessionState } from './session-pool/session-state.ts';
export type { LedgerEntry } from './session-pool/session-ledger.ts';
export { type AcquireOptions, SessionPool } from './session-pool/session-pool.ts';
export { CALL_INTERCEPTOR, CALL_LIMIT_OPTIONS, PROVIDER_PLUGIN, SESSION_POOL, SESSION_POOL_OPTIONS } from './tokens.ts';
export { Telemetry, type TelemetryOptions } from './telemetry/telemetry.ts';
export type { Operation } from './upstream-work.ts';
