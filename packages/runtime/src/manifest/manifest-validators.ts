import type { Metadata } from '@capstan/provider';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { manifestSchema } from './manifest-schema.ts';
import { runtimeMetadataSchema } from './runtime-metadata.ts';
import { type SchemaComplaint, schemaComplaints } from './schema-complaint.ts';

const runtimeKey = /^(?:session|call)_/;

/** Compiles and keeps the schemas that manifests are checked with: the one that editors use, without its knowledge of plugins, and the runtime's. */
export class ManifestValidators {
  readonly ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false, validateFormats: false, logger: false });
  readonly #file: ValidateFunction;
  readonly #capability: ValidateFunction;
  readonly #runtimeMetadata: ValidateFunction;

  constructor() {
    const { $defs } = manifestSchema([]);
    this.#file = this.ajv.compile({ $ref: '#/$defs/file', $defs });
    this.#capability = this.ajv.compile({ $ref: '#/$defs/capability', $defs });
    this.#runtimeMetadata = this.ajv.compile(runtimeMetadataSchema);
  }

  checkStructure(value: object): readonly SchemaComplaint[] {
    const validate = Object.hasOwn(value, 'capabilities') ? this.#file : this.#capability;
    return validate(value) ? [] : schemaComplaints(validate.errors ?? []);
  }

  checkRuntimeMetadata(metadata: Metadata): readonly SchemaComplaint[] {
    const own: [string, string | number | boolean][] = [];
    for (const key in metadata) {
      const value = metadata[key];
      if (value !== undefined && runtimeKey.test(key)) own.push([key, value]);
    }
    if (own.length === 0 || this.#runtimeMetadata(Object.fromEntries(own))) return [];
    return schemaComplaints(this.#runtimeMetadata.errors ?? []);
  }
}
