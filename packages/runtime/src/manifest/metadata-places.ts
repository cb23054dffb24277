import type { NestedMetadata } from './manifest.ts';
import { metadataPaths } from './metadata.ts';
import type { Place, Places, ValuePath } from './problem-report.ts';
import { overrideSuffix } from './runtime-metadata.ts';

interface MetadataPart {
  readonly nested: NestedMetadata;
  readonly path: ValuePath;
}

/** Where the flat keys of one capability's metadata stand: in its own metadata, else in the file's, else at the capability. */
export class MetadataPlaces {
  readonly #places: Places;
  readonly #parts: readonly MetadataPart[];
  readonly #capability: ValuePath;
  #paths:
    | readonly { readonly path: ValuePath; readonly inside: ReadonlyMap<string, readonly ValuePath[]> }[]
    | undefined;

  /** `parts`: the strongest first. */
  constructor(places: Places, parts: readonly MetadataPart[], capability: ValuePath) {
    this.#places = places;
    this.#parts = parts;
    this.#capability = capability;
  }

  key(flatKey: string): Place {
    const path = this.#find(flatKey);
    return path === undefined ? this.#places.value(this.#capability) : this.#places.key(path);
  }

  /** `variables`: the keys whose value came from the environment; they are mended at the key that names the variable. */
  value(flatKey: string, variables: ReadonlyMap<string, string>): Place {
    const path = this.#find(variables.has(flatKey) ? `${flatKey}${overrideSuffix}` : flatKey);
    return this.#places.value(path ?? this.#capability);
  }

  #find(flatKey: string): ValuePath | undefined {
    this.#paths ??= this.#parts.map(({ nested, path }) => ({ path, inside: metadataPaths(nested) }));
    for (const { path, inside } of this.#paths) {
      const [found] = inside.get(flatKey) ?? [];
      if (found !== undefined) return [...path, ...found];
    }
    return undefined;
  }
}
