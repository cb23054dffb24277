import type { Metadata } from '@capstan/provider';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { manifestSchema } from './manifest-schema.ts';
import { runtimeMetadataSchema } from './runtime-metadata.ts';
import { type SchemaComplaint, schemaComplaints } from './schema-complaint.ts';

const runtimeKey = /^(?:session|call)_/;

/** Compiles and keeps the schemas that manifests are checked with: the one that editors use, without its knowledge of plugins, and the runtime's. */
export class ManifestValidators {
  readonly ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: false,
    validateFormats: false,
    // Schemas of ours and of plugins, not of authors: to check them too would double the time until the first call.
    validateSchema: false,
    logger: false,
    // Used once or twice each: to optimise them costs more than it gains.
    code: { optimize: false },
  });
  readonly #structures = new Map<'file' | 'capability', ValidateFunction>();
  #runtimeMetadata: ValidateFunction | undefined;

  checkStructure(value: object): readonly SchemaComplaint[] {
    const validate = this.#structure(Object.hasOwn(value, 'capabilities') ? 'file' : 'capability');
    return validate(value) ? [] : schemaComplaints(validate.errors ?? []);
  }

  checkRuntimeMetadata(metadata: Metadata): readonly SchemaComplaint[] {
    const own: [string, string | number | boolean][] = [];
    for (const key in metadata) {
      const value = metadata[key];
      if (value !== undefined && runtimeKey.test(key)) own.push([key, value]);
    }
    if (own.length === 0) return [];
    const validate = (this.#runtimeMetadata ??= this.ajv.compile(runtimeMetadataSchema));
    return validate(Object.fromEntries(own)) ? [] : schemaComplaints(validate.errors ?? []);
  }

  #structure(kind: 'file' | 'capability'): ValidateFunction {
    let validate = this.#structures.get(kind);
    if (validate === undefined) {
      const { $defs } = manifestSchema([]);
      validate = this.ajv.compile({ $ref: `#/$defs/${kind}`, $defs });
      this.#structures.set(kind, validate);
    }
    return validate;
  }
}
