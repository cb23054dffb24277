import type { ErrorVerdict, JsonValue, Provider } from '@capstan/provider';
import type { CapabilityDeclaration, CompletionQuestion } from '@capstan/runtime';

export type Environment = Readonly<Record<string, string>>;

/** What a plugin author says about a plugin, so that its contract can be tested. */
export interface ContractOptions {
  readonly plugin: Provider;
  /**
   * What is called, again and again: the contract declares it `read`. Several must be of one upstream and one identity: they share
   * sessions. The upstream's address comes in by a `*_override_env_var` key.
   */
  readonly capability: CapabilityDeclaration | readonly CapabilityDeclaration[];
  /** How to tell answers apart: `tag` is a short word that goes in with the input and must come back with the answer. */
  readonly call: { input(tag: string): JsonValue; tagOf(output: JsonValue): unknown };
  /** Of a plugin that completes: something to ask of the first capability that there are suggestions for. */
  readonly completion?: CompletionQuestion;
  /**
   * Of a plugin that runs tasks: an input with which the first capability goes on as a task. It must end by itself, soon, with an answer
   * that `call.tagOf` finds the tag in.
   */
  readonly task?: { input(tag: string): JsonValue };
  readonly upstream: { readonly start: () => Promise<ContractUpstream> };
  /** Variables that hold secrets. Default: those named by the capabilities' `*_env_var` keys, overrides aside. */
  readonly secrets?: readonly string[];
  /** How many sessions are opened and ended in a row to look for leaks. Default 100; fewer where each is a process. */
  readonly rounds?: number;
  /** Heads the tests. Default: the id of the first capability. */
  readonly name?: string;
}

/** Since `start`, restarts included. A step counts when it reaches the upstream, not when it is answered. */
export interface ContractCounts {
  readonly opened: number;
  /** Sessions that are gone, whoever ended them: the plugin, `dropSessions`, a restart. */
  readonly ended: number;
  readonly calls: number;
}

/**
 * An upstream that was started for one check. `counts`, `dropSessions` and `stop` are needed; what else it can do unlocks more checks.
 * With `tcp`, all of those: the contract then puts a proxy in between that holds, cuts and slows the connections.
 */
export interface ContractUpstream {
  /** Variables of the runtime: for the `*_override_env_var` keys, and the secrets that the upstream demands. */
  readonly environment?: Environment;
  readonly counts: () => ContractCounts;
  /** Forgets every session, as an upstream may at any time. Resolves when they are gone. Of a stateless upstream: nothing happens. */
  readonly dropSessions: () => PromiseLike<void>;
  /** Ends it for good: nobody listens any more, and connections are cut. May be called twice. */
  readonly stop: () => PromiseLike<void>;
  /** Keeps no sessions: `opened` stays 0. What the plugin opens is a record of its own. */
  readonly stateless?: boolean;
  /** Its port on 127.0.0.1, and the environment for reaching it at another port. */
  readonly tcp?: { readonly port: number; readonly environment: (port: number) => Environment };
  /** Ends and starts again at the same address, without its sessions. */
  readonly restart?: () => PromiseLike<void>;
  /** From now on calls are counted and not answered, until the returned function is called. */
  readonly hold?: () => () => void;
  /** By verdict: makes the upstream refuse the next call in a way that this verdict stands for. */
  readonly refusals?: Readonly<Partial<Record<ErrorVerdict['kind'], () => void>>>;
}
