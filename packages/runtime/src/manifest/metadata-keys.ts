import type { JsonSchema } from '@capstan/provider';
import type { PluginMetadata } from './plugin-metadata.ts';
import type { Complaint } from './problem-report.ts';
import {
  allowInsecureSchema,
  overrideSuffix,
  requiresSessionSchema,
  runtimeMetadataSchema,
} from './runtime-metadata.ts';
import { didYouMean } from './schema-words.ts';

const runtimePrefixes = ['session', 'call'];
const runtimeSchemas: Readonly<Record<string, JsonSchema>> = runtimeMetadataSchema.properties;

/**
 * Who owns which metadata key. Keys of a plugin's prefix and of the runtime must be known to their owner; others are annotations,
 * unless they look like a misspelled prefix.
 */
export class MetadataKeys {
  readonly #plugins: ReadonlyMap<string, PluginMetadata>;
  /** Keys repeat in every capability. Bounded by what the files hold: cleared when it grows beyond reason. */
  readonly #checked = new Map<string, Complaint | undefined>();

  constructor(plugins: ReadonlyMap<string, PluginMetadata>) {
    this.#plugins = plugins;
  }

  check(key: string): Complaint | undefined {
    if (this.#checked.has(key)) return this.#checked.get(key);
    if (this.#checked.size > 10_000) this.#checked.clear();
    const complaint = this.#check(key);
    this.#checked.set(key, complaint);
    return complaint;
  }

  /** The schema that describes a key, the runtime's or its plugin's. */
  schemaOf(key: string, provider: string | undefined): JsonSchema | undefined {
    if (Object.hasOwn(runtimeSchemas, key)) return runtimeSchemas[key];
    const own = provider === undefined ? undefined : this.#plugins.get(provider)?.schemaOf(key);
    if (own !== undefined) return own;
    if (key.endsWith('_requires_session')) return requiresSessionSchema;
    return key.endsWith('_allow_insecure') ? allowInsecureSchema : undefined;
  }

  /** Whether a registered plugin owns the key's prefix. */
  isOwned(key: string): boolean {
    return this.#plugins.has(prefixOf(key));
  }

  #check(key: string): Complaint | undefined {
    const base = key.endsWith(overrideSuffix) ? key.slice(0, -overrideSuffix.length) : key;
    const prefix = prefixOf(key);
    if (key === prefix && (this.#plugins.has(key) || runtimePrefixes.includes(key))) {
      return {
        message: `"${key}" is a prefix, not a key`,
        remedy: `Write "${key}_…", or a map of keys under "${key}:".`,
        seen: key,
      };
    }
    if (runtimePrefixes.includes(prefix)) {
      return Object.hasOwn(runtimeSchemas, base)
        ? undefined
        : unknown(key, Object.keys(runtimeSchemas), 'the runtime knows');
    }
    const plugin = this.#plugins.get(prefix);
    if (plugin !== undefined) {
      if (plugin.knows(base) || plugin.knows(key)) return undefined;
      const generic = [`${prefix}_requires_session`, `${prefix}_allow_insecure`];
      return generic.includes(base)
        ? undefined
        : unknown(key, [...new Set([...plugin.keys, ...generic])], `the provider "${prefix}" knows`);
    }
    return this.#misspelledPrefix(key);
  }

  #misspelledPrefix(key: string): Complaint | undefined {
    const written = /^[^_.-]*/.exec(key)?.[0] ?? '';
    const meant = [...this.#plugins.keys(), ...runtimePrefixes].find((prefix) =>
      isOneEditAway(written.toLowerCase(), prefix),
    );
    if (meant === undefined) return undefined;
    const rest = key.slice(written.length + 1);
    return {
      message: `No provider plugin owns the prefix "${written}" of "${key}"`,
      remedy: `Did you mean "${rest === '' ? meant : `${meant}_${rest}`}"?`,
      seen: key,
    };
  }
}

function unknown(key: string, known: readonly string[], whose: string): Complaint {
  return { message: `"${key}" is not a key that ${whose}`, remedy: didYouMean(key, known), seen: key };
}

function prefixOf(key: string): string {
  const end = key.indexOf('_');
  return end < 0 ? key : key.slice(0, end);
}

/** Equal, or one letter changed, added, left out, or two neighbours exchanged. */
function isOneEditAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < Math.min(a.length, b.length) - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const restOfA = a.slice(start, a.length - end);
  const restOfB = b.slice(start, b.length - end);
  if (restOfA.length <= 1 && restOfB.length <= 1) return true;
  return restOfA.length === 2 && restOfB === `${restOfA[1]}${restOfA[0]}`;
}
