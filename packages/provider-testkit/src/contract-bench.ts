import type {
  Caller,
  Capability,
  CapabilityResult,
  Invocation,
  JsonObject,
  JsonValue,
  Provider,
  ProviderPlugin,
  SessionRequest,
} from '@capstan/provider';
import {
  type CallOptions,
  createRuntime,
  requiresSession,
  type Runtime,
  type RuntimeEvent,
  type SessionPool,
  type SessionScope,
} from '@capstan/runtime';
import { randomUUID } from 'node:crypto';
import type { ContractCounts, ContractOptions, ContractUpstream, Environment } from './contract-options.ts';
import { declarationsOf, manifestsOf, secretVariables } from './contract-manifests.ts';
import { eventually, expects, within } from './expectations.ts';
import { FaultProxy } from './fault-proxy.ts';

export interface BenchOptions {
  /** Default `caller`. */
  readonly scope?: SessionScope;
  /** Goes before the upstream's own; undefined takes a variable away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** How long what must not hang may take, slow machines included. */
const settleMs = 5000;

/** One upstream, and the real runtime with the real plugin over it. */
export class Bench implements AsyncDisposable {
  readonly upstream: ContractUpstream;
  readonly runtime: Runtime;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What the runtime told its listeners and what the plugin logged before anybody struck secrets out of it. */
  readonly events: readonly RuntimeEvent[];
  readonly logged: readonly JsonObject[];
  readonly proxy: FaultProxy | undefined;
  readonly #options: ContractOptions;

  static async open(options: ContractOptions, { scope = 'caller', environment }: BenchOptions = {}): Promise<Bench> {
    const upstream = await options.upstream.start();
    const proxy = upstream.tcp && (await FaultProxy.start(upstream.tcp.port));
    const proxied: Environment = (proxy && upstream.tcp?.environment(proxy.port)) ?? {};
    const logged: JsonObject[] = [];
    const variables = { ...secretsOf(options), ...upstream.environment, ...proxied, ...environment };
    const runtime = await createRuntime({
      manifests: manifestsOf(options, scope),
      providers: [listeningTo(options.plugin, logged)],
      environment: variables,
      calls: { timeoutMs: 10_000, maxTotalMs: 20_000 },
    }).catch(async (error: unknown) => {
      await proxy?.[Symbol.asyncDispose]();
      await upstream.stop();
      throw error;
    });
    return new Bench(options, { upstream, proxy, runtime, logged, environment: variables });
  }

  private constructor(
    options: ContractOptions,
    parts: Pick<Bench, 'upstream' | 'proxy' | 'runtime' | 'logged' | 'environment'>,
  ) {
    this.#options = options;
    this.upstream = parts.upstream;
    this.proxy = parts.proxy;
    this.runtime = parts.runtime;
    this.logged = parts.logged;
    this.environment = parts.environment;
    const events: RuntimeEvent[] = [];
    this.events = events;
    this.runtime.marketplace.events.on((event) => events.push(event));
  }

  /** Registered under the plugin's prefix. */
  get plugin(): ProviderPlugin {
    const [plugin] = this.runtime.providers;
    expects(plugin !== undefined, 'No plugin was made.');
    return plugin;
  }

  /** As loaded, overrides applied. */
  get capabilities(): readonly Capability[] {
    return declarationsOf(this.#options).map(({ id }) => {
      const capability = this.runtime.marketplace.get(id);
      expects(capability !== undefined, `The capability ${id} is not loaded.`);
      const { mode } = requiresSession(capability.metadata);
      expects(
        mode !== 'never',
        `The capability ${id} needs a *_requires_session key, auto or true, to be tested with sessions.`,
      );
      return capability;
    });
  }

  get capability(): Capability {
    const [first] = this.capabilities;
    expects(first !== undefined, 'At least one capability is needed.');
    return first;
  }

  get pool(): SessionPool {
    const { sessions } = this.runtime;
    expects(sessions !== undefined, 'The runtime has no session pool.');
    return sessions;
  }

  get counts(): ContractCounts {
    return this.upstream.counts();
  }

  /** Answers are kept back until the returned function is called. */
  hold(): () => void {
    const release = this.upstream.hold?.() ?? this.proxy?.hold();
    expects(release !== undefined, 'The upstream cannot hold answers.');
    return release;
  }

  async restart(): Promise<void> {
    if (this.upstream.restart !== undefined) return await this.upstream.restart();
    await this.proxy?.refuse();
    await this.upstream.dropSessions();
    await this.proxy?.accept();
  }

  /** The upstream is gone, and what was on its way with it. */
  async kill(): Promise<void> {
    await this.proxy?.refuse();
    await this.upstream.stop();
  }

  /** Calls through the runtime, and looks whether the answer is the call's own. */
  async answer(tag: string, options: CallOptions = {}, capability = this.capability): Promise<CapabilityResult> {
    const result = await this.runtime.call(capability.id, this.input(tag), options);
    this.expectAnswer(tag, result);
    return result;
  }

  /** `count` calls at once, each with a tag of its own. */
  async answers(count: number, word: string, options: CallOptions = {}): Promise<readonly CapabilityResult[]> {
    return await Promise.all(Array.from({ length: count }, (_, index) => this.answer(`${word}-${index}`, options)));
  }

  expectAnswer(tag: string, { output, isError }: { readonly output: JsonValue; readonly isError: boolean }): void {
    expects(!isError, `The call "${tag}" was answered with an error: ${JSON.stringify(output)}`);
    const answered = this.#options.call.tagOf(output);
    expects(answered === tag, `The call "${tag}" got the answer of "${String(answered)}": ${JSON.stringify(output)}`);
  }

  input(tag: string): JsonValue {
    return this.#options.call.input(tag);
  }

  /** So many sessions were opened since the start, in the runtime and at an upstream that keeps any. */
  async expectOpened(count: number): Promise<void> {
    const inRuntime = this.events.filter(({ type }) => type === 'session-initialized').length;
    expects(inRuntime === count, `The runtime opened ${inRuntime} sessions instead of ${count}.`);
    const { opened } = this.counts;
    const expected = this.upstream.stateless === true ? 0 : count;
    expects(opened === expected, `The upstream counted ${opened} sessions opened instead of ${expected}.`);
  }

  async expectCalls(count: number): Promise<void> {
    const seen = (): string => `The upstream counted ${this.counts.calls} calls instead of ${count}.`;
    await eventually(() => this.counts.calls >= count, seen);
    expects(this.counts.calls === count, seen());
  }

  /** Every session is gone at the upstream. */
  async expectNoneOpen(): Promise<void> {
    await eventually(
      () => this.counts.opened === this.counts.ended,
      () => `The upstream counted ${this.counts.opened} sessions opened and ${this.counts.ended} ended.`,
    );
  }

  /** A session straight from the plugin, without the runtime's pool. */
  async openSession(request: Partial<SessionRequest> = {}): Promise<unknown> {
    const { capability, plugin } = this;
    const opening = plugin.initializeSession({
      capability,
      caller: contractCaller,
      mode: requiresSession(capability.metadata).mode === 'required' ? 'required' : 'auto',
      signal: new AbortController().signal,
      onLost: () => {},
      onStale: () => {},
      ...request,
    });
    return await within(opening, settleMs, 'initializeSession');
  }

  invocation(tag: string, other: Partial<Invocation> = {}): Invocation {
    return {
      callId: `contract-${tag}`,
      capability: this.capability,
      input: this.input(tag),
      caller: contractCaller,
      signal: new AbortController().signal,
      attempt: 0,
      ...other,
    };
  }

  /** `promise`, which must settle soon. */
  async settled<T>(promise: Promise<T>, what: string): Promise<T> {
    return await within(promise, settleMs, what);
  }

  /** Closes the runtime as a host would. */
  async close(): Promise<void> {
    await this.settled(this.runtime.close({ deadlineMs: 2000 }), 'Closing the runtime');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.close();
    } finally {
      await this.proxy?.[Symbol.asyncDispose]();
      await this.upstream.stop();
    }
  }
}

export const contractCaller: Caller = { subject: 'contract' };

/** A value for every secret; an upstream that demands a certain one says so in its environment. */
function secretsOf(options: ContractOptions): Environment {
  return Object.fromEntries(
    secretVariables(options).map((variable) => [variable, `canary-${variable}-${randomUUID()}`]),
  );
}

/** The plugin, its log entries kept as it wrote them. */
function listeningTo(plugin: Provider, logged: JsonObject[]): Provider {
  if (typeof plugin !== 'function') return plugin;
  return (host) =>
    plugin({
      ...host,
      logger: {
        log: (level, message, details = {}) => {
          logged.push({ level, message, details });
          host.logger.log(level, message, details);
        },
      },
    });
}
