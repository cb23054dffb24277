import { CapstanError, type Capability, type JsonSchema, type Logger, type ProviderResult } from '@capstan/provider';
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv';
import { UpstreamError } from './upstream-error.ts';

/** Undefined: the schema cannot be compiled, so nothing can be said. */
type Validator = ValidateFunction | undefined;

/** Holds answers against the schemas that manifests declare, each compiled when its first answer comes. */
export class OutputValidator {
  readonly #logger: Logger;
  readonly #validators = new WeakMap<JsonSchema, Promise<Validator>>();
  readonly #compilers = new Map<string, Promise<Ajv>>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /**
   * Resolves where the output fits, is no success, or with `warn`, which logs. Rejects with `OUTPUT_INVALID`. Neither says what the answer
   * holds. A schema that cannot be compiled, one that refers elsewhere for example, is logged once and fails no call.
   */
  async check(capability: Capability, result: ProviderResult, policy: 'warn' | 'strict'): Promise<void> {
    const { output: schema, id } = capability;
    if (schema === undefined || result.isError) return;
    let compiling = this.#validators.get(schema);
    if (compiling === undefined) {
      compiling = this.#compile(schema, capability);
      this.#validators.set(schema, compiling);
    }
    const validate = await compiling;
    if (validate === undefined || validate(result.output)) return;
    const problems = (validate.errors ?? []).map(describe);
    const details = { capability: id, problems };
    if (policy === 'strict')
      throw new UpstreamError(
        'OUTPUT_INVALID',
        `The answer of ${id} does not fit its declared output: ${problems.join('; ')}. Correct the schema, or set mcp_output_validation to warn.`,
        { kind: 'caller', sent: true },
        { details },
      );
    this.#logger.log('warning', 'mcp.output-invalid', details);
  }

  async #compile(schema: JsonSchema, { id }: Capability): Promise<Validator> {
    try {
      const compiler = await this.#compilerFor(schema['$schema']);
      try {
        return compiler.compile(schema);
      } finally {
        // It would be kept for ever, and another schema of the same `$id` be taken for it.
        compiler.removeSchema(schema);
      }
    } catch (error) {
      this.#logger.log('warning', 'mcp.output-schema-unusable', {
        capability: id,
        reason: error instanceof Error ? error.message : String(error),
      });
      return undefined;
    }
  }

  /** The dialects load when they are first needed: a host without output schemas pays nothing. */
  #compilerFor(dialect: unknown): Promise<Ajv> {
    const name = dialectOf(dialect);
    const compiler = this.#compilers.get(name) ?? createCompiler(name);
    this.#compilers.set(name, compiler);
    return compiler;
  }
}

/** JSON Schema 2020-12 unless `$schema` says another that is known. */
function dialectOf(dialect: unknown): 'draft-07' | '2019-09' | '2020-12' {
  if (dialect === undefined) return '2020-12';
  const name = typeof dialect === 'string' ? dialect.replace(/^https?:/, '').replace(/#$/, '') : '';
  if (name === '//json-schema.org/draft-07/schema') return 'draft-07';
  if (name === '//json-schema.org/draft/2019-09/schema') return '2019-09';
  if (name === '//json-schema.org/draft/2020-12/schema') return '2020-12';
  throw new CapstanError('MANIFEST_INVALID', 'The schema is of a dialect that is not known.');
}

async function createCompiler(name: 'draft-07' | '2019-09' | '2020-12'): Promise<Ajv> {
  const options = { strict: false, validateFormats: false, addUsedSchema: false, logger: false } as const;
  switch (name) {
    case 'draft-07': {
      const { Ajv: Draft07 } = await import('ajv');
      return new Draft07(options);
    }
    case '2019-09': {
      const { Ajv2019 } = await import('ajv/dist/2019.js');
      return new Ajv2019(options);
    }
    case '2020-12': {
      const { Ajv2020 } = await import('ajv/dist/2020.js');
      return new Ajv2020(options);
    }
  }
}

/** Where, and what the schema wants there: never what was found. */
function describe({ instancePath, message = 'does not fit' }: ErrorObject): string {
  return `${instancePath === '' ? 'the output' : instancePath} ${message}`;
}
