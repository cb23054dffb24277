import type { ProviderPlugin } from '@capstan/provider';
import type { Bench, BenchOptions } from './contract-bench.ts';
import type { ContractOptions, ContractUpstream } from './contract-options.ts';

/** What a check may need beyond what every upstream has; the last two are options of the contract. */
export type Ability = 'sessions' | 'hold' | 'restart' | 'tcp' | 'secrets' | 'completion' | 'task';

/** What a check works with: the author's words, and benches to run the plugin on. */
export interface Contract {
  readonly options: ContractOptions;
  readonly secrets: readonly string[];
  /** A runtime with the plugin, over an upstream started for it. Whoever opens it disposes of it. */
  open(options?: BenchOptions): Promise<Bench>;
}

/** One thing that the contract demands. */
export interface CheckDefinition {
  /** What a plugin does, as a sentence without its subject. */
  readonly name: string;
  /** Why it is demanded, in one sentence. */
  readonly why: string;
  readonly needs?: readonly Ability[];
  run(contract: Contract): Promise<void>;
}

/** The checks of one subject. */
export interface CheckGroup {
  readonly subject: string;
  /** Of an ability that not every plugin has: whether this one does. */
  readonly appliesTo?: (plugin: ProviderPlugin) => boolean;
  /** What the upstream can do decides what can be checked. */
  readonly checks: (upstream: ContractUpstream) => readonly CheckDefinition[];
}

/** What a plugin does that its contract does not allow. */
export class ContractViolation extends Error {
  override readonly name = 'ContractViolation';
}
