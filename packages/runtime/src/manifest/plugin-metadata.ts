import { CapstanError, type JsonSchema, type Metadata, type ProviderPlugin } from '@capstan/provider';
import type { Ajv2020, ValidateFunction } from 'ajv/dist/2020.js';
import type { MetadataScalar } from './manifest.ts';
import { allowsOtherKeys, pluginMetadataKeys } from './plugin-metadata-keys.ts';
import { overrideSuffix } from './runtime-metadata.ts';
import { type SchemaComplaint, schemaComplaints } from './schema-complaint.ts';

/** One plugin's `metadataSchema`, compiled once: which keys it knows, its defaults, and what it says of values. */
export class PluginMetadata {
  readonly prefix: string;
  /** Of the keys at the top of the schema. */
  readonly defaults: readonly (readonly [key: string, value: MetadataScalar])[];
  readonly #schemas: ReadonlyMap<string, JsonSchema>;
  readonly #patterns: readonly RegExp[];
  readonly #isOpen: boolean;
  readonly #validate: ValidateFunction;

  /** Throws `MANIFEST_INVALID` where the schema cannot be compiled: a mistake of the plugin's author. */
  constructor(plugin: ProviderPlugin, ajv: Ajv2020) {
    const { prefix, metadataSchema } = plugin;
    this.prefix = prefix;
    const described = pluginMetadataKeys(metadataSchema).map(([key, { schema }]): [string, JsonSchema] => [
      key,
      schema,
    ]);
    this.#schemas = new Map(described);
    const top = (metadataSchema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
    this.defaults = Object.entries(top).flatMap(([key, { default: value }]) =>
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
        ? [[key, value] as const]
        : [],
    );
    this.#isOpen = allowsOtherKeys(metadataSchema);
    const { $id: _id, $schema: _dialect, ...schema } = metadataSchema;
    try {
      this.#patterns = Object.keys((metadataSchema['patternProperties'] ?? {}) as object).map(
        (pattern) => new RegExp(pattern, 'u'),
      );
      this.#validate = ajv.compile(schema);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new CapstanError(
        'MANIFEST_INVALID',
        `The metadataSchema of the provider plugin "${prefix}" cannot be compiled: ${reason}. Report it to the author of the plugin.`,
        { cause: error, details: { provider: prefix } },
      );
    }
  }

  get keys(): readonly string[] {
    return [...this.#schemas.keys()];
  }

  schemaOf(key: string): JsonSchema | undefined {
    return this.#schemas.get(key);
  }

  knows(key: string): boolean {
    return this.#isOpen || this.#schemas.has(key) || this.#patterns.some((pattern) => pattern.test(key));
  }

  /** What the plugin's schema says of its own keys in a capability's metadata; keys it does not know are not its affair here. */
  check(metadata: Metadata): readonly SchemaComplaint[] {
    const own: Record<string, MetadataScalar> = {};
    for (const key in metadata) {
      const value = metadata[key];
      const isGeneric = key.endsWith(overrideSuffix) && !this.#schemas.has(key);
      if (value === undefined || isGeneric) continue;
      if (this.#schemas.has(key) || (key.startsWith(`${this.prefix}_`) && this.knows(key)))
        own[key] = this.#asDeclared(key, value);
    }
    if (this.#validate(own)) return [];
    return schemaComplaints(this.#validate.errors ?? []);
  }

  /** `true` and `'true'` mean the same in `*_requires_session`; the schema gets the form that it lists. */
  #asDeclared(key: string, value: MetadataScalar): MetadataScalar {
    if (key !== `${this.prefix}_requires_session`) return value;
    const text = String(value);
    if (text !== 'true' && text !== 'false') return value;
    const listed = this.#schemas.get(key)?.['enum'];
    return Array.isArray(listed) && listed.includes(text) && !listed.includes(text === 'true') ? text : text === 'true';
  }
}
