import {
  type CapabilityResult,
  CapstanError,
  type Completion,
  type JsonObject,
  type JsonValue,
  type Logger,
  type ProviderHost,
  type ProviderPlugin,
  type TaskHandle,
} from '@capstan/provider';
import { createContainer, type DependencyContainer } from './container.ts';
import { formatProblem, type ManifestProblem } from './manifest/manifest-problem.ts';
import { ManifestLoader } from './manifest/manifest-loader.ts';
import { CallLimitTable } from './marketplace/call-limits.ts';
import type { CallOptions, OperationOptions } from './marketplace/call-options.ts';
import { CapabilityOperations, type CompletionQuestion } from './marketplace/capability-operations.ts';
import { Marketplace } from './marketplace/marketplace.ts';
import type { TaskControl } from './marketplace/task-control.ts';
import { ProviderRegistry } from './provider-registry.ts';
import { RuntimeEvents } from './runtime-events.ts';
import {
  type CallLimitOptions,
  defaultCallLimits,
  defaultSessionPoolOptions,
  type RuntimeOptions,
  type SessionPoolOptions,
} from './runtime-options.ts';
import { environmentSecrets, Secrets } from './secrets.ts';
import { SessionPool } from './session-pool/session-pool.ts';
import { settingConflicts } from './session-pool/setting-conflicts.ts';
import { Telemetry } from './telemetry/telemetry.ts';
import {
  CALL_INTERCEPTOR,
  CALL_LIMIT_OPTIONS,
  LOGGER,
  PROVIDER_PLUGIN,
  SESSION_POOL,
  SESSION_POOL_OPTIONS,
  TELEMETRY_OPTIONS,
} from './tokens.ts';
import { within } from './within.ts';

/** One running set of capabilities, plugins and sessions. Whoever created it closes it. */
export interface Runtime extends AsyncDisposable {
  readonly marketplace: Marketplace;
  /** Absent only where `configure` took the session pool away. */
  readonly sessions: SessionPool | undefined;
  readonly providers: readonly ProviderPlugin[];
  /** Runs a capability; the same as `marketplace.execute`. */
  call(id: string, input?: JsonValue, options?: CallOptions): Promise<CapabilityResult>;
  /**
   * Suggests values for an argument of a capability, by the rules of a call that reads: sessions, repeats, limits. Rejects with
   * `NOT_SUPPORTED` where the capability's plugin cannot.
   */
  complete(id: string, question: CompletionQuestion, options?: OperationOptions): Promise<Completion>;
  /**
   * Looks after work that an upstream goes on with: the `task` of a result, in this process or a later one. The options go for all that
   * is done with it; `caller` has to be the one of the call. Throws `CAPABILITY_NOT_FOUND` or `NOT_SUPPORTED`.
   */
  task(id: string, handle: TaskHandle, options?: OperationOptions): TaskControl;
  /** Prometheus text, with no exporter running and no port open. */
  exportMetrics(): Promise<string>;
  /**
   * Takes no new calls, gives those in flight `deadlineMs` (default: the session pool's `drainTimeoutMs`), ends every session and
   * closes the plugins. Idempotent.
   */
  close(options?: { readonly deadlineMs?: number }): Promise<void>;
}

/**
 * The composition root: the only place where parts are put together. Rejects with `MANIFEST_INVALID` where a manifest has errors and
 * nobody listens to them (`onManifestProblems`), `PROVIDER_AMBIGUOUS` where two plugins claim one prefix.
 */
export async function createRuntime(options: RuntimeOptions): Promise<Runtime> {
  const container = createContainer();
  const closing = new AbortController();
  const environment = options.environment ?? process.env;
  const sessionOptions = { ...defaultSessionPoolOptions, ...options.sessions };
  const secrets = new Secrets(options.secrets ?? environmentSecrets(environment));

  container.register(Secrets, { useValue: secrets });
  container.register<Logger>(LOGGER, { useValue: redactingLogger(options.logger, secrets) });
  container.register<SessionPoolOptions>(SESSION_POOL_OPTIONS, { useValue: sessionOptions });
  container.register<CallLimitOptions>(CALL_LIMIT_OPTIONS, { useValue: { ...defaultCallLimits, ...options.calls } });
  container.register(TELEMETRY_OPTIONS, { useValue: options.telemetry ?? {} });
  container.register(SESSION_POOL, { useFactory: (scope) => scope.resolve(SessionPool) });
  for (const interceptor of options.interceptors ?? []) container.register(CALL_INTERCEPTOR, { useValue: interceptor });
  for (const provider of options.providers) {
    const plugin = typeof provider === 'function' ? provider(hostOf(container, options, closing.signal)) : provider;
    container.register<ProviderPlugin>(PROVIDER_PLUGIN, { useValue: plugin });
  }
  options.configure?.(container);

  const registry = container.resolve(ProviderRegistry);
  const telemetry = container.resolve(Telemetry);
  const marketplace = container.resolve(Marketplace);
  const operations = container.resolve(CapabilityOperations);
  const sessions = container.resolve<SessionPool | undefined>(SESSION_POOL);
  try {
    const { capabilities, problems } = await new ManifestLoader(registry, environment).load(options.manifests);
    const conflicts = settingConflicts(capabilities, registry, sessionOptions);
    report([...problems, ...conflicts], container.resolve<Logger>(LOGGER), options.onManifestProblems);
    for (const capability of capabilities) marketplace.register(capability);
    await telemetry.open();
  } catch (error) {
    await closePlugins(registry.plugins, sessionOptions.terminateTimeoutMs);
    await telemetry.close();
    throw error;
  }

  let closed: Promise<void> | undefined;
  const close = async (deadlineMs: number): Promise<void> => {
    const endsAt = Date.now() + deadlineMs;
    await marketplace.close(deadlineMs);
    await sessions?.drain({ deadlineMs: Math.max(0, endsAt - Date.now()) });
    closing.abort(new CapstanError('CLOSED', 'The runtime is closed.'));
    await closePlugins(registry.plugins, sessionOptions.terminateTimeoutMs);
    await telemetry.close();
  };
  const runtime: Runtime = {
    marketplace,
    sessions,
    providers: registry.plugins,
    call: (id, input, callOptions) => marketplace.execute(id, input, callOptions),
    complete: (id, question, operationOptions) => operations.complete(id, question, operationOptions),
    task: (id, handle, operationOptions) => operations.task(id, handle, operationOptions),
    exportMetrics: () => telemetry.exportMetrics(),
    close: ({ deadlineMs = sessionOptions.drainTimeoutMs } = {}) => (closed ??= close(deadlineMs)),
    [Symbol.asyncDispose]: () => runtime.close(),
  };
  return runtime;
}

/** Gives every plugin the same time; one that fails or hangs keeps no other from closing. */
async function closePlugins(plugins: readonly ProviderPlugin[], limitMs: number): Promise<void> {
  await Promise.allSettled(plugins.map((plugin) => within(limitMs, async () => plugin.close?.())));
}

/** What a plugin is lent. Parts are looked up when they are used: plugins are made before the parts that need them. */
function hostOf(container: DependencyContainer, options: RuntimeOptions, signal: AbortSignal): ProviderHost {
  // Asked for at every call, so looked up once.
  let limits: CallLimitTable | undefined;
  return {
    secrets: container.resolve(Secrets),
    egress: options.egress ?? {},
    logger: { log: (...entry) => container.resolve<Logger>(LOGGER).log(...entry) },
    signal,
    limits: (capability) => (limits ??= container.resolve(CallLimitTable)).of(capability),
    upstreamChanged: (change) => container.resolve(RuntimeEvents).emit({ type: 'upstream-changed', ...change }),
  };
}

function report(
  problems: readonly ManifestProblem[],
  logger: Logger,
  listener: ((problems: readonly ManifestProblem[]) => void) | undefined,
): void {
  if (listener !== undefined) {
    if (problems.length > 0) listener(problems);
    return;
  }
  const errors = problems.filter(({ severity }) => severity === 'error');
  for (const problem of problems) if (problem.severity === 'warning') logger.log('warning', formatProblem(problem));
  if (errors.length === 0) return;
  throw new CapstanError(
    'MANIFEST_INVALID',
    `The manifests have ${errors.length} error${errors.length === 1 ? '' : 's'}:\n${errors.map(formatProblem).join('\n')}`,
    { details: { problems: problems.map((problem): JsonObject => ({ ...problem })) } },
  );
}

function redactingLogger(logger: Logger | undefined, secrets: Secrets): Logger {
  if (logger === undefined) return { log: () => {} };
  return {
    log: (level, message, details) => logger.log(level, secrets.redact(message), secrets.redact(details)),
  };
}
