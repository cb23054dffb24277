/**
 * Runs the official MCP conformance suite (`@modelcontextprotocol/conformance`), client side, against this project: a runtime with the
 * MCP provider, bundled from source. No network beyond loopback. Exits 1 on a failure that
 * test/conformance/expected-failures.all.yaml does not list, or on an entry of that list which passes.
 *
 *     node scripts/conformance.ts client [2025|2026|all] [--scenario <name>]
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { bundleClient } from '../test/conformance/bundle-client.ts';
import { type RunName, runNames, runScenario, runSuite } from '../test/conformance/run-suite.ts';
import type { ScenarioChecks } from '../test/conformance/suite-results.ts';

/** Ignored by git. */
const outDir = fileURLToPath(new URL('../test/conformance/dist', import.meta.url));

const usage = 'usage: pnpm conformance client [2025|2026|all] [--scenario <name>]';

const isRunName = (word: string): word is RunName => runNames.some((name) => name === word);

const printTable = (run: RunName, scenarios: readonly ScenarioChecks[]): void => {
  const width = Math.max(...scenarios.map(({ scenario }) => scenario.length));
  console.log(`\n${`client ${run}`.padEnd(width)}  passed  failed`);
  for (const { scenario, passed, failures } of scenarios) {
    const counts = `${String(passed).padStart(6)}  ${String(failures.length).padStart(6)}`;
    console.log(`${scenario.padEnd(width)}  ${counts}`);
  }
  const passed = scenarios.reduce((sum, each) => sum + each.passed, 0);
  const failed = scenarios.reduce((sum, each) => sum + each.failures.length, 0);
  console.log(`${''.padEnd(width)}  ${String(passed).padStart(6)}  ${String(failed).padStart(6)}`);
};

const main = async (): Promise<number> => {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { scenario: { type: 'string' } } });
  const [side, name, ...rest] = positionals;
  if (side !== 'client' || rest.length > 0 || (name !== undefined && !isRunName(name))) {
    console.error(usage);
    return 2;
  }
  await bundleClient(outDir);
  if (values.scenario !== undefined) return runScenario(values.scenario, name ?? 'all', outDir);
  let isGood = true;
  for (const run of name === undefined ? runNames : [name]) {
    const { results, scenarios, verdict } = await runSuite(run, outDir);
    const { unexpected, stale } = verdict;
    printTable(run, scenarios);
    for (const failure of unexpected) console.log(`failed   ${failure}`);
    for (const entry of stale) console.log(`stale    ${entry} passes: take it off the list of expected failures`);
    if (unexpected.length > 0) console.log(`details  ${results}`);
    isGood &&= unexpected.length === 0 && stale.length === 0;
  }
  return isGood ? 0 : 1;
};

process.exitCode = await main();
