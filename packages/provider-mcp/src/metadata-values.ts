import { CapstanError, type Capability } from '@capstan/provider';
import type { MetadataKey } from './metadata-keys.ts';

/** The value of a key as text, however it was written. */
export function text({ metadata }: Capability, key: MetadataKey): string | undefined {
  const value = metadata[key];
  return value === undefined ? undefined : String(value);
}

export function flag({ metadata }: Capability, key: MetadataKey): boolean {
  return String(metadata[key]) === 'true';
}

/** One entry a line. One line break at the end is how YAML ends a block, not an empty last entry. */
export function lines(capability: Capability, key: MetadataKey): readonly string[] {
  const value = text(capability, key);
  return value === undefined || value === '' ? [] : value.replace(/\r?\n$/, '').split(/\r?\n/);
}

/** Separated by spaces or commas. */
export function words(capability: Capability, key: MetadataKey): readonly string[] {
  return (text(capability, key) ?? '').split(/[\s,]+/).filter((word) => word !== '');
}

/** One of `allowed`, whose first is the default. Throws `MANIFEST_INVALID`. */
export function oneOf<T extends string>(capability: Capability, key: MetadataKey, allowed: readonly [T, ...T[]]): T {
  const value = text(capability, key);
  if (value === undefined) return allowed[0];
  const found = allowed.find((candidate) => candidate === value);
  if (found === undefined) throw invalid(capability, `${key} is none of ${allowed.join(', ')}`);
  return found;
}

/** `MANIFEST_INVALID` at the place where the capability is declared. */
export function invalid(capability: Capability, problem: string): CapstanError {
  const { file, line, column } = capability.source;
  return new CapstanError('MANIFEST_INVALID', `${capability.id} (${file}:${line}): ${problem}.`, {
    details: { problems: [{ file, line, column, problem }] },
  });
}
