import { CapstanError, type Capability, type SourceLocation } from '@capstan/provider';
import type { MetadataKey } from './metadata-keys.ts';

/** The value of a key as text, however it was written. */
export function text({ metadata }: Capability, key: MetadataKey): string | undefined {
  const value = metadata[key];
  return value === undefined ? undefined : String(value);
}

export function flag({ metadata }: Capability, key: MetadataKey): boolean {
  return String(metadata[key]) === 'true';
}

/** One entry a line; empty lines are none. */
export function lines(capability: Capability, key: MetadataKey): readonly string[] {
  return (text(capability, key) ?? '').split(/\r?\n/).filter((line) => line.trim() !== '');
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

/** A problem, and where it is; without a place: where the capability is declared. */
export interface Problem {
  readonly problem: string;
  readonly place?: SourceLocation;
}

/** `MANIFEST_INVALID` with every problem at its place. At least one. */
export function invalid(capability: Capability, ...problems: readonly (string | Problem)[]): CapstanError {
  const located = problems.map((given) => {
    const { problem, place = capability.source } = typeof given === 'string' ? { problem: given } : given;
    return { file: place.file, line: place.line, column: place.column, problem };
  });
  const shown = located.map(({ file, line, problem }) => `${capability.id} (${file}:${line}): ${problem}.`);
  return new CapstanError('MANIFEST_INVALID', shown.join('\n'), { details: { problems: located } });
}
