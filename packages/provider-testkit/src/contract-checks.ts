import type { ProviderPlugin } from '@capstan/provider';
import { createRuntime } from '@capstan/runtime';
import { completion } from './checks/completion.ts';
import { concurrency, singleFlight } from './checks/concurrency.ts';
import { errorVerdicts } from './checks/error-verdicts.ts';
import { abort, timeout } from './checks/interruption.ts';
import { isolation } from './checks/isolation.ts';
import { leak, lifecycle, reuse } from './checks/lifecycle.ts';
import { lostSession, restart } from './checks/lost-session.ts';
import { metadataSchema } from './checks/metadata-schema.ts';
import { secrets } from './checks/secrets.ts';
import { sessionKey } from './checks/session-key.ts';
import { tasks } from './checks/tasks.ts';
import { termination } from './checks/termination.ts';
import { upstreamDeath } from './checks/upstream-death.ts';
import { Bench } from './contract-bench.ts';
import {
  type Ability,
  type CheckDefinition,
  type CheckGroup,
  type Contract,
  ContractViolation,
} from './contract-check.ts';
import { secretVariables } from './contract-manifests.ts';
import type { ContractOptions, ContractUpstream } from './contract-options.ts';

/** One check of a plugin, ready to run. */
export interface ContractCheck {
  readonly subject: string;
  readonly name: string;
  /** Rejects with a `ContractViolation` that says what is demanded, why, and what was seen instead. */
  run(): Promise<void>;
}

/** A check that this upstream cannot provoke, and what it would take. */
export interface UncoveredCheck {
  readonly subject: string;
  readonly name: string;
  readonly missing: readonly Ability[];
}

export interface ContractChecks {
  readonly checks: readonly ContractCheck[];
  readonly uncovered: readonly UncoveredCheck[];
}

const groups: readonly CheckGroup[] = [
  metadataSchema,
  sessionKey,
  lifecycle,
  reuse,
  singleFlight,
  concurrency,
  isolation,
  abort,
  timeout,
  lostSession,
  restart,
  upstreamDeath,
  termination,
  leak,
  errorVerdicts,
  secrets,
  completion,
  tasks,
];

/**
 * The checks for a plugin, without a test runner: for those who use another than vitest. Makes the plugin and
 * starts an upstream once, to see what they can do.
 */
export async function contractChecks(options: ContractOptions): Promise<ContractChecks> {
  const contract: Contract = {
    options,
    secrets: secretVariables(options),
    open: (bench) => Bench.open(options, bench),
  };
  const plugin = await pluginOf(options);
  const upstream = await options.upstream.start();
  await upstream.stop();
  const abilities = abilitiesOf(upstream, contract);
  const applicable = groups.filter(({ appliesTo }) => plugin !== undefined && appliesTo?.(plugin) !== false);
  const all = applicable.flatMap(({ subject, checks }) =>
    checks(upstream).map((check) => ({
      subject,
      check,
      missing: (check.needs ?? []).filter((ability) => !abilities.has(ability)),
    })),
  );
  return {
    checks: all
      .filter(({ missing }) => missing.length === 0)
      .map(({ subject, check }) => ({ subject, name: check.name, run: () => run(check, contract) })),
    uncovered: all
      .filter(({ missing }) => missing.length > 0)
      .map(({ subject, check, missing }) => ({ subject, name: check.name, missing })),
  };
}

function abilitiesOf(upstream: ContractUpstream, { options, secrets: variables }: Contract): ReadonlySet<Ability> {
  const { stateless = false, tcp, hold, restart: again } = upstream;
  const able: Readonly<Record<Ability, boolean>> = {
    sessions: !stateless,
    hold: hold !== undefined || tcp !== undefined,
    restart: again !== undefined || tcp !== undefined,
    tcp: tcp !== undefined,
    secrets: variables.length > 0,
    completion: options.completion !== undefined,
    task: options.task !== undefined,
  };
  return new Set((Object.keys(able) as Ability[]).filter((ability) => able[ability]));
}

/** The plugin as a runtime has it, to see what it can do. */
async function pluginOf({ plugin }: ContractOptions): Promise<ProviderPlugin | undefined> {
  await using runtime = await createRuntime({ manifests: [], providers: [plugin], environment: {} });
  return runtime.providers[0];
}

async function run(check: CheckDefinition, contract: Contract): Promise<void> {
  try {
    await check.run(contract);
  } catch (cause) {
    const seen = cause instanceof Error ? cause.message : String(cause);
    throw new ContractViolation(`A provider plugin ${check.name}. ${check.why}\nSeen: ${seen}`, { cause });
  }
}
