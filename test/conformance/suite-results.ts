import { glob, readFile } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { parse } from 'yaml';

interface Check {
  readonly id: string;
  readonly name: string;
  readonly status: 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
  readonly description: string;
  readonly errorMessage?: string;
}

export interface ScenarioChecks {
  readonly scenario: string;
  readonly passed: number;
  /** Warnings are failures too: what a client should do, ours does. */
  readonly failures: readonly { readonly check: string; readonly reason: string }[];
}

export interface Verdict {
  /** `scenario:check-id: reason`. */
  readonly unexpected: readonly string[];
  /** Entries of the list of expected failures that passed. */
  readonly stale: readonly string[];
}

/** Reads what a run of the suite left in `results`, by scenario, sorted. */
export async function readChecks(results: string): Promise<readonly ScenarioChecks[]> {
  const files = await Array.fromAsync(glob('**/checks.json', { cwd: results }));
  return Promise.all(
    files.toSorted().map(async (file) => {
      const checks = JSON.parse(await readFile(join(results, file), 'utf8')) as readonly Check[];
      const failed = checks.filter(({ status }) => status === 'FAILURE' || status === 'WARNING');
      return {
        scenario: scenarioOf(dirname(file)),
        passed: checks.filter(({ status }) => status === 'SUCCESS').length,
        failures: failed.map(({ id, description, errorMessage }) => ({
          check: id,
          reason: errorMessage ?? description,
        })),
      };
    }),
  );
}

/** Expected failures are a list of `scenario` or `scenario:check-id` under `client`, as the suite's own option takes it. */
export async function readExpectedFailures(file: string): Promise<readonly string[]> {
  const { client = [] } = (parse(await readFile(file, 'utf8')) ?? {}) as { readonly client?: readonly string[] };
  return client;
}

/** Every failure must be on the list, and what is on the list must fail. What did not run counts for neither. */
export function judge(scenarios: readonly ScenarioChecks[], expected: readonly string[]): Verdict {
  const entries = new Set(expected);
  const isExpected = (scenario: string, check: string): boolean =>
    entries.has(scenario) || entries.has(`${scenario}:${check}`);
  return {
    unexpected: scenarios.flatMap(({ scenario, failures }) =>
      failures
        .filter(({ check }) => !isExpected(scenario, check))
        .map(({ check, reason }) => `${scenario}:${check}: ${reason}`),
    ),
    stale: scenarios.flatMap(({ scenario, failures }) =>
      expected.filter(
        (entry) =>
          (entry === scenario && failures.length === 0) ||
          (entry.startsWith(`${scenario}:`) && !failures.some(({ check }) => entry === `${scenario}:${check}`)),
      ),
    ),
  };
}

/** `auth/dpop-2026-11-20T16-28-43-123Z` → `auth/dpop`. */
function scenarioOf(path: string): string {
  return path.replaceAll(sep, '/').replace(/-\d{4}-\d{2}-\d{2}T[\d-]+Z$/, '');
}
