import { type Capability, CapstanError, type JsonSchema, type JsonValue } from '@capstan/provider';
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { Lifecycle, scoped } from '../container.ts';
import { notJson } from './not-json.ts';

/** One thing wrong with an input: where (JSON Pointer), what, and the part of the schema that it does not fit. */
interface InputProblem {
  readonly path: string;
  readonly message: string;
  readonly expected: JsonValue;
}

/** Checks inputs against input schemas (JSON Schema 2020-12), each compiled when it is first used and kept while the schema lives. */
@scoped(Lifecycle.ContainerScoped)
export class InputValidator {
  readonly #validators = new WeakMap<JsonSchema, ValidateFunction>();
  #ajv: Ajv2020 | undefined;

  /** Throws `INPUT_INVALID` with all problems, or `MANIFEST_INVALID` where the schema itself cannot be compiled. */
  check(capability: Capability, input: JsonValue): void {
    const strange = notJson(input);
    if (strange !== undefined)
      throw invalid(capability, [{ path: strange.path || '/', message: strange.what, expected: {} }]);
    const validate = this.#validatorOf(capability);
    if (validate === undefined) return;
    if (validate(input)) return;
    throw invalid(capability, (validate.errors ?? []).map(describe));
  }

  /** Throws `MANIFEST_INVALID` where the schema cannot be compiled, which is otherwise found out at the first call. */
  verify(capability: Capability): void {
    this.#validatorOf(capability);
  }

  #validatorOf(capability: Capability): ValidateFunction | undefined {
    if (capability.input === undefined) return undefined;
    let validate = this.#validators.get(capability.input);
    if (validate === undefined) {
      validate = this.#compile(capability, capability.input);
      this.#validators.set(capability.input, validate);
    }
    return validate;
  }

  #compile(capability: Capability, schema: JsonSchema): ValidateFunction {
    // Formats are annotations (2020-12, validation §7.2.1).
    this.#ajv ??= new Ajv2020({
      allErrors: true,
      verbose: true,
      strict: false,
      validateFormats: false,
      addUsedSchema: false,
      logger: false,
      // The engine optimises what is called often; doing it here as well delays the first call.
      code: { optimize: false },
    });
    // Two capabilities may use one `$id` for different schemas; and older dialects are read as 2020-12.
    const { $id: _id, $schema: _dialect, ...anonymous } = schema;
    try {
      return this.#ajv.compile(anonymous);
    } catch (error) {
      const { file, line, column } = capability.source;
      // Ajv complains once for each branch of its own schema of schemas that a mistake does not fit.
      const { message } = error instanceof Error ? error : new Error(String(error));
      const reason = [...new Set(message.replace('schema is invalid: ', '').split(', '))].join(', ');
      throw new CapstanError(
        'MANIFEST_INVALID',
        `The input schema of ${capability.id} (${file}:${line}:${column}) cannot be compiled: ${reason}.`,
        { cause: error, details: { capability: capability.id, reason } },
      );
    } finally {
      // Ajv would keep every schema for ever; ours live as long as their capabilities.
      this.#ajv.removeSchema(anonymous);
    }
  }
}

function invalid({ id }: Capability, problems: readonly InputProblem[]): CapstanError {
  const sentences = problems.map(({ path, message }) => `${path} ${message}`).join('; ');
  return new CapstanError('INPUT_INVALID', `The input of ${id} does not fit its schema: ${sentences}.`, {
    details: { capability: id, problems: problems.map((problem) => ({ ...problem })) },
  });
}

function describe(error: ErrorObject): InputProblem {
  const { keyword, instancePath, params, parentSchema, schema } = error;
  if (keyword === 'required') {
    const name = String(params['missingProperty']);
    const expected = (parentSchema?.['properties'] as Record<string, JsonValue> | undefined)?.[name] ?? {};
    return { path: `${instancePath}/${name}`, message: `is missing${sketch(expected)}`, expected };
  }
  const extra: unknown = params['additionalProperty'] ?? params['unevaluatedProperty'];
  if (typeof extra === 'string') {
    const known = Object.keys((parentSchema?.['properties'] as object | undefined) ?? {});
    const hint = known.length > 0 ? `; known: ${known.join(', ')}` : '';
    return {
      path: `${instancePath}/${extra}`,
      message: `is not a known property${hint}`,
      expected: { [keyword]: false },
    };
  }
  const values: unknown = params['allowedValues'] ?? params['allowedValue'];
  const message = `${error.message ?? `fails ${keyword}`}${values === undefined ? '' : `: ${JSON.stringify(values)}`}`;
  return { path: instancePath === '' ? '/' : instancePath, message, expected: { [keyword]: schema as JsonValue } };
}

/** What a missing property should be, in a few words. */
function sketch(schema: JsonValue): string {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return '';
  const { type, description } = schema as Record<string, JsonValue>;
  const words = [typeof type === 'string' ? type : '', typeof description === 'string' ? description : ''].filter(
    Boolean,
  );
  return words.length > 0 ? ` (${words.join(': ')})` : '';
}
