import type { Capability, JsonSchema, Logger, ProviderResult } from '@capstan/provider';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { UpstreamError } from './upstream-error.ts';

/** Undefined: the schema cannot be compiled, so nothing can be said. */
type Validator = ValidateFunction | undefined;

/** Holds answers against the schemas that manifests declare (dialect 2020-12), each compiled when its first answer comes. */
export class OutputValidator {
  readonly #logger: Logger;
  readonly #validators = new WeakMap<JsonSchema, Promise<Validator>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Resolves where the output fits, is no success, or with `warn`, which logs. Rejects with `OUTPUT_INVALID`. Neither says what the answer
   * holds. A schema that cannot be compiled is logged once and fails no call.
   */
  async check(capability: Capability, { output, isError }: ProviderResult, policy: 'warn' | 'strict'): Promise<void> {
    const { output: schema, id } = capability;
    if (schema === undefined || isError) return;
    let compiling = this.#validators.get(schema);
    if (compiling === undefined) {
      compiling = this.#compile(schema, id);
      this.#validators.set(schema, compiling);
    }
    const validate = await compiling;
    if (validate === undefined || validate(output)) return;
    const problems = (validate.errors ?? []).map(describe);
    const details = { capability: id, problems };
    if (policy === 'strict')
      throw new UpstreamError(
        'OUTPUT_INVALID',
        `The answer of ${id} does not fit its declared output: ${problems.join('; ')}. Correct the schema, or set graphql_output_validation to warn.`,
        { kind: 'caller', sent: true },
        { details },
      );
    this.#logger.log('warning', 'graphql.output-invalid', details);
  }

  async #compile(schema: JsonSchema, id: string): Promise<Validator> {
    // Loaded when it is first needed: a host without output schemas pays nothing.
    const { Ajv2020 } = await import('ajv/dist/2020.js');
    try {
      return new Ajv2020({ strict: false, validateFormats: false, addUsedSchema: false, logger: false }).compile(
        schema,
      );
    } catch (error) {
      this.#logger.log('warning', 'graphql.output-schema-unusable', {
        capability: id,
        reason: error instanceof Error ? error.message : String(error),
      });
      return undefined;
    }
  }
}

/** Where, and what the schema wants there: never what was found. */
function describe({ instancePath, message = 'does not fit' }: ErrorObject): string {
  return `${instancePath === '' ? 'the output' : instancePath} ${message}`;
}
