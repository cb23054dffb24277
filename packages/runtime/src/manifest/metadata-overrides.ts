import type { JsonSchema, Metadata } from '@capstan/provider';
import type { MetadataScalar } from './manifest.ts';
import { environmentVariablePattern, overrideSuffix } from './runtime-metadata.ts';

const variableName = new RegExp(environmentVariablePattern);

export interface OverriddenMetadata {
  readonly metadata: Metadata;
  /** Key → the variable that its value came from. */
  readonly variables: ReadonlyMap<string, string>;
}

/** Reads variables and remembers what they held, so that a result can be told to be out of date. */
export class EnvironmentReader {
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #read = new Map<string, string | undefined>();

  constructor(environment: Readonly<Record<string, string | undefined>>) {
    this.#environment = environment;
  }

  /** Undefined also where the variable is empty. */
  read(variable: string): string | undefined {
    const value = this.#environment[variable] || undefined;
    this.#read.set(variable, value);
    return value;
  }

  get hasChanged(): boolean {
    for (const [variable, value] of this.#read) if ((this.#environment[variable] || undefined) !== value) return true;
    return false;
  }
}

/** Replaces the value of each key `K` that has a `K_override_env_var` whose variable is set. Keys that name variables stay as they are. */
export function overrideMetadata(
  metadata: Metadata,
  environment: EnvironmentReader,
  schemaOf: (key: string) => JsonSchema | undefined,
): OverriddenMetadata {
  const variables = new Map<string, string>();
  let overridden: Record<string, MetadataScalar> | undefined;
  for (const key in metadata) {
    if (!key.endsWith(overrideSuffix)) continue;
    const variable = metadata[key];
    const target = key.slice(0, -overrideSuffix.length);
    if (typeof variable !== 'string' || !variableName.test(variable) || target.endsWith('_env_var')) continue;
    const value = environment.read(variable);
    if (value === undefined) continue;
    overridden ??= { ...metadata };
    overridden[target] = coerce(value, schemaOf(target));
    variables.set(target, variable);
  }
  return { metadata: overridden ?? metadata, variables };
}

/** A variable's text as the type that the schema wants; as text where it cannot be that. */
function coerce(text: string, schema: JsonSchema | undefined): MetadataScalar {
  const { type, enum: values } = schema ?? {};
  const types = Array.isArray(type) ? type : [type];
  const wants = (name: string): boolean =>
    types.includes(name) ||
    (type === undefined && Array.isArray(values) && values.some((value) => typeof value === name));
  if (wants('string') && !(Array.isArray(values) && !values.includes(text))) return text;
  if (wants('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  if ((wants('number') || wants('integer')) && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  return text;
}
