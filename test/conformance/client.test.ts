import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../guards/temporary-folder.ts';
import { bundleClient } from './bundle-client.ts';
import { runNames, runSuite } from './run-suite.ts';

const folder = temporaryFolder();
beforeAll(() => bundleClient(folder.path));
afterAll(() => folder[Symbol.dispose]());

/** Of the suite's pinned version: a scenario that is not run is not passed. */
const scenarioCounts = { '2025': 25, '2026': 39, all: 48 };

// One after the other: each starts all its clients at once, and some scenarios watch the clock.
test.each(runNames)('passes what the suite asks of a client, run %s', { timeout: 180_000 }, async (run) => {
  const { scenarios, verdict } = await runSuite(run, folder.path);
  expect(verdict).toEqual({ unexpected: [], stale: [] });
  expect(scenarios).toHaveLength(scenarioCounts[run]);
});
