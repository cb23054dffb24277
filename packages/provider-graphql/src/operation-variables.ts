import { CapstanError, type Capability, type JsonObject, type JsonValue } from '@capstan/provider';
import { isRecord } from './is-record.ts';
import type { LoadedOperation } from './loaded-operation.ts';

/** The variables of one call. Throws `INPUT_INVALID`; nothing has been sent then. `key`: the variable of the idempotency key, and its value. */
export function operationVariables(
  capability: Capability,
  { variables, variableProblems }: LoadedOperation,
  input: JsonValue | undefined,
  key: readonly [name: string, value: string] | undefined,
): JsonObject {
  if (input !== undefined && input !== null && !isRecord(input))
    throw refused(capability, [{ path: '', message: 'must be an object of variables' }]);
  const given: JsonObject = { ...(input as JsonObject | null | undefined) };
  // Null is no key: a repeat without one would act twice.
  const values = key !== undefined && isAbsent(given, key[0]) ? { ...given, [key[0]]: key[1] } : given;
  const known = variables.map(({ name }) => name);
  const problems: InputProblem[] = Object.keys(values)
    .filter((name) => !known.includes(name))
    .map((name) => ({
      path: `/${name}`,
      message: `is no variable of the operation, which has ${known.join(', ') || 'none'}`,
    }));
  for (const { name, isRequired } of variables)
    if (isRequired && isAbsent(values, name)) problems.push({ path: `/${name}`, message: 'is required' });
  if (problems.length === 0) problems.push(...variableProblems(values).map((message) => ({ path: '', message })));
  if (problems.length > 0) throw refused(capability, problems);
  return values;
}

function isAbsent(values: JsonObject, name: string): boolean {
  return !Object.hasOwn(values, name) || (values[name] ?? null) === null;
}

interface InputProblem {
  /** JSON Pointer. */
  readonly path: string;
  readonly message: string;
}

function refused({ id }: Capability, problems: readonly InputProblem[]): CapstanError {
  const sentences = problems.map(({ path, message }) => `${path} ${message.replace(/\.$/, '')}`.trim()).join('; ');
  return new CapstanError('INPUT_INVALID', `The input of ${id} does not fit: ${sentences}.`, {
    details: { capability: id, problems: problems.map((problem) => ({ ...problem })) },
  });
}
