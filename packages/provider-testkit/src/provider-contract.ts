import { describe, expect, test } from 'vitest';
import { contractChecks } from './contract-checks.ts';
import { declarationsOf } from './contract-manifests.ts';
import type { ContractOptions } from './contract-options.ts';

const timeoutMs = 30_000;

/**
 * Declares the tests that every provider plugin passes: call it at the top level of a vitest file. Each runs the real plugin in the real
 * runtime over an upstream of its own. The last one says in its name what this upstream could not provoke.
 */
export function providerContract(options: ContractOptions): void {
  const name = options.name ?? declarationsOf(options)[0]?.id ?? 'provider';
  describe(`the provider contract: ${name}`, { shuffle: false, concurrent: false }, async () => {
    const { checks, uncovered } = await contractChecks(options);
    const covered = new Set<string>();
    for (const subject of new Set(checks.map((check) => check.subject))) {
      describe(`${subject}`, () => {
        for (const check of checks.filter((each) => each.subject === subject)) {
          // The check itself throws.
          // oxlint-disable-next-line vitest/expect-expect
          test(`${check.name}`, { timeout: timeoutMs }, async () => {
            covered.add(subject);
            await check.run();
          });
        }
      });
    }
    const rest = uncovered.map(({ name: what, missing }) => `${what} (needs ${missing.join(', ')})`);
    test(`covers ${rest.length === 0 ? 'everything' : `all but: ${rest.join('; ')}`}`, () => {
      expect(mandatory.filter((subject) => !covered.has(subject))).toEqual([]);
    });
  });
}

/** What can be checked of every plugin, whatever its upstream can do. */
const mandatory: readonly string[] = [
  'metadata schema',
  'session key',
  'lifecycle',
  'reuse',
  'single-flight',
  'concurrency',
  'isolation',
  'abort',
  'upstream death',
  'termination',
  'leak',
  'error verdicts',
];
