/**
 * Compares every version that pnpm-lock.yaml resolves with dependency-floors.yaml, without a network.
 * Exits 1 and names package, version, floor and advisories when one is too old.
 *
 *     node scripts/audit-floors.ts [lockfile]
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

interface Floor {
  readonly floor: string;
  readonly advisories: readonly string[];
}

interface Lockfile {
  readonly packages?: Readonly<Record<string, unknown>>;
}

/** A lockfile key is `name@version`, with a scope's `@` before it and at times peers in brackets behind. */
const packageKey = /^(?<name>@?[^@]+)@(?<version>[^()]+)/;

const resolvedVersions = (lockfile: Lockfile): { readonly name: string; readonly version: string }[] =>
  Object.keys(lockfile.packages ?? {}).flatMap((key) => {
    const { name, version } = packageKey.exec(key)?.groups ?? {};
    return name === undefined || version === undefined ? [] : [{ name, version }];
  });

/** A prerelease of the floor comes before it; a version that is no version at all (a git URL) is below every floor. */
const isBelow = (version: string, floor: string): boolean => {
  const [release = '', prerelease] = version.split('+')[0]?.split(/-(.*)/s) ?? [];
  const found = release.split('.').map(Number);
  if (found.length !== 3 || found.some(Number.isNaN)) return true;
  const lowest = floor.split('.').map(Number);
  const difference = found.map((part, index) => part - (lowest[index] ?? 0)).find((part) => part !== 0) ?? 0;
  return difference < 0 || (difference === 0 && prerelease !== undefined);
};

const lockfilePath = process.argv[2] ?? fileURLToPath(new URL('../pnpm-lock.yaml', import.meta.url));
const floors = new Map(
  Object.entries(
    parse(readFileSync(new URL('dependency-floors.yaml', import.meta.url), 'utf8')) as Readonly<Record<string, Floor>>,
  ),
);
const resolved = resolvedVersions(parse(readFileSync(lockfilePath, 'utf8')) as Lockfile);

const problems = resolved.flatMap(({ name, version }) => {
  const rule = floors.get(name);
  return rule !== undefined && isBelow(version, rule.floor)
    ? [`${name} ${version} is below the floor ${rule.floor} (${rule.advisories.join(', ')})`]
    : [];
});
if (resolved.length === 0) problems.push(`${lockfilePath} resolves no package at all: is it a lockfile of pnpm?`);

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
