import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { judge, readChecks, readExpectedFailures, type ScenarioChecks, type Verdict } from './suite-results.ts';

/** The scenarios that revision 2025-11-25 requires, those that 2026-07-28 requires, each at its own wire; and all there are. */
export const runNames = ['2025', '2026', 'all'] as const;

export type RunName = (typeof runNames)[number];

const revisions: Readonly<Record<RunName, string | undefined>> = {
  '2025': '2025-11-25',
  '2026': '2026-07-28',
  all: undefined,
};

/** Of one client. Those of a whole run share the processors. */
const clientLimitMs = 60_000;

const folder = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(import.meta.url);
const suite = join(dirname(require.resolve('@modelcontextprotocol/conformance/package.json')), 'dist/index.js');

const expectedFailuresFile = join(folder, 'expected-failures.all.yaml');

export interface SuiteRun {
  /** Its log and, by scenario, what was checked and what the client printed. */
  readonly results: string;
  readonly scenarios: readonly ScenarioChecks[];
  readonly verdict: Verdict;
}

/** One run of the suite against the client bundled in `outDir`, every failure held against the list of those expected. */
export async function runSuite(run: RunName, outDir: string): Promise<SuiteRun> {
  const results = join(outDir, 'results', `client-${run}`);
  await rm(results, { recursive: true, force: true });
  await mkdir(results, { recursive: true });
  const logFile = join(results, 'suite.log');
  const log = createWriteStream(logFile);
  const revision = revisions[run];
  const what = revision === undefined ? ['--suite', 'all'] : ['--requirements', revision];
  const child = spawn(
    process.execPath,
    suiteArguments(outDir, [...what, '--expected-failures', expectedFailuresFile, '-o', results]),
    { env: environmentOf(outDir), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const [code] = await once(child, 'close');
  log.end();
  await finished(log);
  const scenarios = await readChecks(results);
  const verdict = judge(scenarios, await readExpectedFailures(expectedFailuresFile));
  // It exits with 1 for what it could not run, too, and leaves nothing to read then.
  if (code !== 0 && verdict.unexpected.length + verdict.stale.length === 0)
    throw new Error(`The suite failed: ${(await readFile(logFile, 'utf8')).slice(-2000)}`);
  return { results, scenarios, verdict };
}

/** One scenario, at the wire of a run's revision, told about by the suite itself on our own output. Resolves to its exit code. */
export async function runScenario(scenario: string, run: RunName, outDir: string): Promise<number> {
  const revision = revisions[run];
  const version = revision === undefined ? [] : ['--spec-version', revision, '--force'];
  const child = spawn(process.execPath, [...suiteArguments(outDir, ['--scenario', scenario]), ...version], {
    env: environmentOf(outDir),
    stdio: 'inherit',
  });
  const [code] = await once(child, 'close');
  return typeof code === 'number' ? code : 1;
}

function suiteArguments(outDir: string, what: readonly string[]): readonly string[] {
  // The suite hands the command to a shell.
  const command = [process.execPath, join(outDir, 'client.mjs')].map((word) => JSON.stringify(word)).join(' ');
  return [suite, 'client', '--command', command, '--timeout', String(clientLimitMs), ...what];
}

/** Dozens of clients start at once: they share what was compiled. */
function environmentOf(outDir: string): NodeJS.ProcessEnv {
  return { ...process.env, NODE_COMPILE_CACHE: join(outDir, 'compile-cache') };
}
