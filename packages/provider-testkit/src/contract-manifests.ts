import { type CapabilityDeclaration, flattenMetadata, type Manifest, type SessionScope } from '@capstan/runtime';
import type { ContractOptions } from './contract-options.ts';

export function declarationsOf({ capability }: ContractOptions): readonly CapabilityDeclaration[] {
  return isList(capability) ? capability : [capability];
}

/** As a manifest would declare them, repeatable, with their sessions shared within `scope`. */
export function manifestsOf(options: ContractOptions, scope: SessionScope): readonly Manifest[] {
  return declarationsOf(options).map((declaration): Manifest => ({
    ...declaration,
    effect: 'read',
    metadata: { ...declaration.metadata, session_scope: scope },
  }));
}

/** Names of the variables that the capabilities name for secrets. */
export function secretVariables(options: ContractOptions): readonly string[] {
  return options.secrets ?? [...new Set(declarationsOf(options).flatMap((each) => Object.values(secretKeys(each))))];
}

/** Metadata keys that name a variable of a secret, and the variable. */
export function secretKeys({ metadata = {} }: CapabilityDeclaration): Readonly<Record<string, string>> {
  const named = Object.entries(flattenMetadata(metadata).metadata).filter(
    (entry): entry is [string, string] =>
      entry[0].endsWith('_env_var') && !entry[0].endsWith('_override_env_var') && typeof entry[1] === 'string',
  );
  return Object.fromEntries(named);
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
