import type { Metadata } from '@capstan/provider';
import type { MetadataScalar, NestedMetadata } from './manifest.ts';
import type { ValuePath } from './problem-report.ts';

/** A flat key that nested metadata says more than once, with different values, and where it says them. */
interface MetadataConflict {
  readonly key: string;
  readonly paths: readonly ValuePath[];
}

export interface FlattenedMetadata {
  /** Of keys in conflict, the first value. */
  readonly metadata: Metadata;
  readonly conflicts: readonly MetadataConflict[];
}

/** Joins nested keys by `_` and the items of lists by line breaks. What is neither scalar, list of scalars nor map is left out. */
export function flattenMetadata(nested: NestedMetadata): FlattenedMetadata {
  const flat = new Map<string, MetadataScalar>();
  const conflicting = new Set<string>();
  visit(nested, '', [], (key, value) => {
    if (!flat.has(key)) flat.set(key, value);
    else if (!Object.is(flat.get(key), value)) conflicting.add(key);
  });
  const paths = conflicting.size === 0 ? undefined : metadataPaths(nested);
  const conflicts = [...conflicting].map((key) => ({ key, paths: paths?.get(key) ?? [] }));
  // Not by assignment: a key may have the name of a setter, such as `__proto__`.
  return { metadata: Object.fromEntries(flat), conflicts };
}

/** Of each flat key all the places where nested metadata says it. */
export function metadataPaths(nested: NestedMetadata): ReadonlyMap<string, readonly ValuePath[]> {
  const paths = new Map<string, ValuePath[]>();
  visit(nested, '', [], (key, _value, path) => {
    const known = paths.get(key);
    if (known === undefined) paths.set(key, [[...path]]);
    else known.push([...path]);
  });
  return paths;
}

/**
 * Groups the keys of each prefix into a map of its own, for writing manifests. `flattenMetadata` leads back to the same metadata.
 * A prefix that is itself a key stays flat.
 */
export function unflattenMetadata(metadata: Metadata, prefixes: readonly string[]): NestedMetadata {
  const longestFirst = prefixes.toSorted((a, b) => b.length - a.length);
  const nested = new Map<string, MetadataScalar | Map<string, MetadataScalar>>();
  for (const [key, value] of Object.entries(metadata)) {
    const prefix = longestFirst.find((name) => key.startsWith(`${name}_`) && !Object.hasOwn(metadata, name));
    if (prefix === undefined) {
      nested.set(key, value);
      continue;
    }
    const group = nested.get(prefix);
    const name = key.slice(prefix.length + 1);
    if (group instanceof Map) group.set(name, value);
    else nested.set(prefix, new Map([[name, value]]));
  }
  return Object.fromEntries(
    [...nested].map(([key, value]) => [key, value instanceof Map ? Object.fromEntries(value) : value]),
  );
}

type Visitor = (key: string, value: MetadataScalar, path: readonly string[]) => void;

function visit(nested: NestedMetadata, prefix: string, path: string[], visitor: Visitor): void {
  for (const name of Object.keys(nested)) {
    const value: unknown = nested[name];
    const key = prefix + name;
    path.push(name);
    if (isScalar(value)) visitor(key, value, path);
    else if (Array.isArray(value)) {
      if (value.every(isScalar)) visitor(key, value.join('\n'), path);
    } else if (typeof value === 'object' && value !== null) visit(value as NestedMetadata, `${key}_`, path, visitor);
    path.pop();
  }
}

function isScalar(value: unknown): value is MetadataScalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
