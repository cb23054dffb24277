import type { Capability, SourceLocation } from '@capstan/provider';
import type { ProviderRegistry } from '../provider-registry.ts';
import type { CapabilityDeclaration, CapabilityFile, NestedMetadata } from './manifest.ts';
import { flattenMetadata } from './metadata.ts';
import { MetadataCheck } from './metadata-check.ts';
import type { EnvironmentReader } from './metadata-overrides.ts';
import { MetadataPlaces } from './metadata-places.ts';
import type { Places, Report, ValuePath } from './problem-report.ts';

/** Shared metadata is looked at once for each capability. */
const mostMetadataKeys = 128;

/** An id that a manifest declares, whether or not the capability is valid. */
export interface DeclaredId {
  readonly id: string;
  readonly source: SourceLocation;
}

export interface CompiledManifest {
  readonly capabilities: readonly Capability[];
  readonly declaredIds: readonly DeclaredId[];
}

export interface CompileContext {
  /** What `Capability.source` says is the file. Default: what problems say. */
  readonly sourceFile?: string;
  readonly places: Places;
  readonly environment: EnvironmentReader;
  readonly report: Report;
}

interface MetadataLayer {
  readonly nested: NestedMetadata;
  readonly flat: Readonly<Record<string, string | number | boolean>>;
  readonly path: ValuePath;
}

/** Turns what one document holds into capabilities, and reports everything that is wrong with it. */
export class ManifestCompiler {
  readonly #metadata: MetadataCheck;

  /** Throws `MANIFEST_INVALID` where a plugin's `metadataSchema` cannot be compiled. */
  constructor(registry: ProviderRegistry) {
    this.#metadata = new MetadataCheck(registry);
  }

  compile(value: unknown, context: CompileContext): CompiledManifest {
    const { places, report } = context;
    if (!isObject(value) || (!Object.hasOwn(value, 'id') && !Object.hasOwn(value, 'capabilities'))) {
      report(places.value([]), {
        message: 'This is neither a capability nor a list of capabilities',
        remedy: 'A manifest is a map with `id`, or with `capabilities` and, if they share some, `metadata`.',
      });
      return { capabilities: [], declaredIds: [] };
    }
    for (const complaint of this.#metadata.validators.checkStructure(value)) {
      report(() => (complaint.at === 'key' ? places.key(complaint.path) : places.value(complaint.path)), complaint);
    }
    if (!Object.hasOwn(value, 'capabilities')) return this.#compileAll([value], 'none', [], context);
    const { capabilities, metadata } = value as Partial<CapabilityFile>;
    if (!Array.isArray(capabilities)) return { capabilities: [], declaredIds: [] };
    const shared = this.#layer(metadata, ['metadata'], context);
    return this.#compileAll(capabilities, shared, ['capabilities'], context);
  }

  #compileAll(
    declarations: readonly unknown[],
    shared: MetadataLayer | 'none' | 'refused',
    path: ValuePath,
    context: CompileContext,
  ): CompiledManifest {
    const capabilities: Capability[] = [];
    const declaredIds: DeclaredId[] = [];
    for (const [index, declaration] of declarations.entries()) {
      if (!isObject(declaration)) continue;
      const own = path.length === 0 ? path : [...path, index];
      const { file, line, column } = context.places.value(own);
      const source: SourceLocation = { file: context.sourceFile ?? file, line, column };
      if (typeof declaration['id'] === 'string') declaredIds.push({ id: declaration['id'], source });
      const capability = this.#compileOne(
        declaration as unknown as CapabilityDeclaration,
        shared,
        own,
        source,
        context,
      );
      if (capability !== undefined) capabilities.push(capability);
    }
    return { capabilities, declaredIds };
  }

  #compileOne(
    declaration: CapabilityDeclaration,
    shared: MetadataLayer | 'none' | 'refused',
    path: ValuePath,
    source: SourceLocation,
    context: CompileContext,
  ): Capability | undefined {
    const { places, environment, report } = context;
    const own = this.#layer(declaration.metadata, [...path, 'metadata'], context);
    if (own === 'refused' || shared === 'refused') return undefined;
    const layers = [own, shared].filter((layer) => layer !== 'none');
    const declared = typeof declaration.provider === 'string' ? declaration.provider : undefined;
    const checked = this.#metadata.check(
      { ...(shared === 'none' ? {} : shared.flat), ...(own === 'none' ? {} : own.flat) },
      declared,
      () => places.value(declared === undefined ? path : [...path, 'provider']),
      new MetadataPlaces(places, layers, path),
      environment,
      report,
    );
    if (checked === undefined) return undefined;
    const {
      id,
      kind = 'tool',
      name,
      description,
      version,
      tags,
      effect = 'once',
      publish = true,
      input,
      output,
    } = declaration;
    return Object.freeze({
      id,
      kind,
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
      ...(version === undefined ? {} : { version }),
      ...(tags === undefined ? {} : { tags }),
      effect,
      publish,
      ...(input === undefined ? {} : { input }),
      ...(output === undefined ? {} : { output }),
      provider: checked.provider,
      metadata: Object.freeze(checked.metadata),
      source: Object.freeze(source),
    });
  }

  /** `refused`: something else stands in its place, which the structure check reports, or too much, which this does. */
  #layer(nested: unknown, path: ValuePath, { places, report }: CompileContext): MetadataLayer | 'none' | 'refused' {
    if (nested === undefined) return 'none';
    if (!isObject(nested)) return 'refused';
    const { metadata: flat, conflicts } = flattenMetadata(nested as NestedMetadata);
    if (Object.keys(flat).length > mostMetadataKeys) {
      report(() => places.key(path), {
        message: `The metadata has more than ${mostMetadataKeys} keys`,
        remedy: 'Keep what the provider and the runtime need.',
      });
      return 'refused';
    }
    for (const { key, paths } of conflicts) {
      const [first, ...others] = paths.map((at) => places.key([...path, ...at]));
      for (const other of others) {
        report(other, {
          message: `"${key}" has another value at line ${first?.line}, column ${first?.column}`,
          remedy: 'Say it once.',
          seen: key,
        });
      }
    }
    return { nested: nested as NestedMetadata, flat, path };
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
