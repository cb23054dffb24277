import { CapstanError, type Metadata } from '@capstan/provider';
import type { ProviderRegistry } from '../provider-registry.ts';
import { MetadataKeys } from './metadata-keys.ts';
import { type EnvironmentReader, overrideMetadata } from './metadata-overrides.ts';
import type { MetadataPlaces } from './metadata-places.ts';
import { checkMetadataValue } from './metadata-rules.ts';
import { ManifestValidators } from './manifest-validators.ts';
import { PluginMetadata } from './plugin-metadata.ts';
import type { Complaint, Place, Report } from './problem-report.ts';
import type { SchemaComplaint } from './schema-complaint.ts';
import { mayHoldSecret } from './yaml-complaint.ts';

/** What a capability's metadata comes to. */
export interface CheckedMetadata {
  readonly provider: string;
  readonly metadata: Metadata;
}

/** Finds the provider of a capability, completes its metadata by defaults and overrides, and checks every key and value. */
export class MetadataCheck {
  readonly validators = new ManifestValidators();
  readonly #registry: ProviderRegistry;
  readonly #plugins: ReadonlyMap<string, PluginMetadata>;
  readonly #keys: MetadataKeys;

  /** Throws `MANIFEST_INVALID` where a plugin's `metadataSchema` cannot be compiled. */
  constructor(registry: ProviderRegistry) {
    this.#registry = registry;
    this.#plugins = new Map(
      registry.plugins.map((plugin) => [plugin.prefix, new PluginMetadata(plugin, this.validators.ajv)]),
    );
    this.#keys = new MetadataKeys(this.#plugins);
  }

  /** `declared`: what the manifest says the provider is, and where. Undefined where no provider was found, which is reported. */
  check(
    flat: Metadata,
    declared: string | undefined,
    declaredPlace: () => Place,
    places: MetadataPlaces,
    environment: EnvironmentReader,
    report: Report,
  ): CheckedMetadata | undefined {
    const provider = this.#detect(flat, declared, declaredPlace, report);
    const plugin = provider === undefined ? undefined : this.#plugins.get(provider);
    const complete = plugin === undefined ? flat : withDefaults(flat, plugin);
    const { metadata, variables } = overrideMetadata(complete, environment, (key) =>
      this.#keys.schemaOf(key, provider),
    );

    const refused = new Set<string>();
    for (const key in metadata) {
      const keyComplaint = this.#keys.check(key);
      if (keyComplaint !== undefined) report(() => places.key(key), keyComplaint);
      const value = metadata[key];
      if (value === undefined) continue;
      const complaint = checkMetadataValue(key, value, metadata, this.#keys.isOwned(key));
      if (complaint === undefined) continue;
      refused.add(key);
      report(() => places.value(key, variables), ofVariable(complaint, variables.get(key)));
    }
    for (const complaint of [...this.validators.checkRuntimeMetadata(metadata), ...(plugin?.check(metadata) ?? [])]) {
      this.#reportSchemaComplaint(complaint, refused, places, variables, report);
    }
    return provider === undefined ? undefined : { provider, metadata };
  }

  #detect(
    flat: Metadata,
    declared: string | undefined,
    declaredPlace: () => Place,
    report: Report,
  ): string | undefined {
    try {
      return this.#registry.detect(flat, declared);
    } catch (error) {
      if (!CapstanError.isInstance(error)) throw error;
      report(declaredPlace, {
        message: error.message.replace(/\.$/, ''),
        remedy: 'Correct the keys or `provider`, or register the plugin.',
        code: error.code,
        seen: declared ?? false,
      });
      return undefined;
    }
  }

  #reportSchemaComplaint(
    complaint: SchemaComplaint,
    refused: ReadonlySet<string>,
    places: MetadataPlaces,
    variables: ReadonlyMap<string, string>,
    report: Report,
  ): void {
    const key = String(complaint.path[0] ?? '');
    // A generic rule already said it.
    if (refused.has(key)) return;
    const place = (): Place => (complaint.at === 'key' ? places.key(key) : places.value(key, variables));
    const shown: Complaint = mayHoldSecret(key) && complaint.at === 'value' ? { ...complaint, seen: false } : complaint;
    report(place, ofVariable(shown, variables.get(key)));
  }
}

/** A complaint about a value that came from the environment names the variable, and never shows the value. */
function ofVariable(complaint: Complaint, variable: string | undefined): Complaint {
  if (variable === undefined) return complaint;
  return { ...complaint, message: `${complaint.message}; its value comes from the variable ${variable}`, seen: false };
}

function withDefaults(metadata: Metadata, plugin: PluginMetadata): Metadata {
  const missing = plugin.defaults.filter(([key]) => metadata[key] === undefined);
  return missing.length === 0 ? metadata : { ...metadata, ...Object.fromEntries(missing) };
}
