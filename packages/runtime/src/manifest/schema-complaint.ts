import type { ErrorObject } from 'ajv/dist/2020.js';
import type { JsonObject, JsonSchema, JsonValue } from '@capstan/provider';
import { nearMatches } from '../near-matches.ts';
import type { Complaint, ValuePath } from './problem-report.ts';
import { both, didYouMean, expected, literal, note } from './schema-words.ts';

/** What does not fit a schema, in our words, and whether it is told of a key or of a value. */
export interface SchemaComplaint extends Complaint {
  readonly path: ValuePath;
  readonly at: 'key' | 'value';
}

const groups = new Set(['oneOf', 'anyOf', 'not']);

/** Beyond so many a value is not one with mistakes. */
const mostErrors = 1000;

/** Says in our words what Ajv found (with `allErrors` and `verbose`), each thing once. */
export function schemaComplaints(errors: readonly ErrorObject[]): readonly SchemaComplaint[] {
  const complaints = new Map<string, SchemaComplaint>();
  const considered = errors.slice(0, mostErrors);
  const choices = considered.filter(({ keyword }) => keyword === 'oneOf' || keyword === 'anyOf');
  for (const error of considered) {
    // `if` repeats what its branch says; what fails inside a choice is told by the choice.
    if (error.keyword === 'if' || error.keyword === 'propertyNames') continue;
    if (choices.some(({ schemaPath }) => error.schemaPath.startsWith(`${schemaPath}/`))) continue;
    const complaint = describe(error);
    const key = `${complaint.at} ${complaint.path.join('/')}`;
    const isAboutValue = complaint.at === 'value' && !groups.has(error.keyword) && !/required/i.test(error.keyword);
    complaints.set(isAboutValue ? key : `${key} ${complaint.message}`, complaint);
  }
  return [...complaints.values()];
}

function describe(error: ErrorObject): SchemaComplaint {
  const { keyword, params } = error;
  const path = pathOf(error.instancePath);
  const parent = (error.parentSchema ?? {}) as JsonSchema;
  if (keyword === 'required' || keyword === 'dependentRequired') return missing(path, parent, params);
  const extra: unknown = params['additionalProperty'] ?? params['unevaluatedProperty'];
  if (typeof extra === 'string') return unknownKey([...path, extra], parent);
  if (error.propertyName !== undefined) {
    return {
      path: [...path, error.propertyName],
      at: 'key',
      message: `"${error.propertyName}" cannot be a key here`,
      remedy: `Keys must be ${expected(parent)}.`,
    };
  }
  if (groups.has(keyword)) return choice(error, path, parent);
  const name = nameOf(path);
  if (keyword === 'false schema') {
    return { path, at: 'key', message: `${name} is not allowed together with the other keys`, remedy: 'Delete it.' };
  }
  return wrongValue(path, name, parent, error.data);
}

function missing(path: ValuePath, parent: JsonSchema, params: Record<string, unknown>): SchemaComplaint {
  const name = String(params['missingProperty']);
  const because: unknown = params['property'];
  const property = (parent['properties'] as JsonObject | undefined)?.[name];
  const wanted = isObject(property) ? `${expected(property)}${note(property)}` : 'a value';
  return {
    path,
    at: 'value',
    message: typeof because === 'string' ? `"${name}" is missing, which "${because}" needs` : `"${name}" is missing`,
    remedy: `Add "${name}": ${wanted.replace(/\.$/, '')}.`,
    seen: false,
  };
}

function unknownKey(path: ValuePath, parent: JsonSchema): SchemaComplaint {
  const key = String(path.at(-1));
  const known = Object.keys((parent['properties'] as JsonObject | undefined) ?? {});
  return {
    path,
    at: 'key',
    message: `"${key}" is not a key that is known here`,
    remedy: didYouMean(key, known),
    seen: key,
  };
}

function choice(error: ErrorObject, path: ValuePath, parent: JsonSchema): SchemaComplaint {
  const about = path.length === 0 ? 'The metadata' : nameOf(path);
  // The schema's own words count, but not those of its top: they are about all of the metadata.
  const inside = error.keyword === 'not' && isObject(error.schema as JsonValue) ? (error.schema as JsonSchema) : {};
  const said = inside['description'] ?? (error.schemaPath === `#/${error.keyword}` ? undefined : parent['description']);
  const remedy = typeof said === 'string' ? `${said.replace(/\.$/, '')}.` : undefined;
  const required = Array.isArray(error.schema)
    ? (error.schema as JsonValue[]).map(requiredOnly)
    : [requiredOnly(error.schema as JsonValue)];
  const names = required.flatMap((keys) => keys ?? []);
  const allRequired = names.length > 0 && required.every((keys) => keys !== undefined);
  const result = { path, at: 'value', seen: false } as const;
  if (!allRequired) {
    const message =
      path.length === 0 ? 'The metadata has keys that do not go together' : `${about} should be ${expected(parent)}`;
    return { ...result, message, remedy: remedy ?? 'See the description of the keys.' };
  }
  if (error.keyword === 'not') {
    const message =
      names.length > 1 ? `${both(names)} exclude each other` : `${both(names)} is not allowed with these values`;
    return { ...result, message, remedy: remedy ?? `Delete ${names.length > 1 ? 'one of them' : 'it'}.` };
  }
  const tooMany = error.keyword === 'oneOf' && Array.isArray(error.params['passingSchemas']);
  const message = tooMany ? `${about} has more than one of ${both(names)}` : `${about} has none of ${both(names)}`;
  const count = error.keyword === 'oneOf' ? 'exactly one' : 'at least one';
  return { ...result, message, remedy: remedy ?? `Give ${count} of them.` };
}

function requiredOnly(schema: JsonValue): readonly string[] | undefined {
  if (!isObject(schema) || Object.keys(schema).some((key) => key !== 'required' && key !== 'description'))
    return undefined;
  const { required } = schema;
  return Array.isArray(required) ? required.map(literal) : undefined;
}

function wrongValue(path: ValuePath, name: string, schema: JsonSchema, data: unknown): SchemaComplaint {
  const wanted = expected(schema);
  const values = Array.isArray(schema['enum']) ? schema['enum'].map(literal) : [];
  const near = typeof data === 'string' ? nearMatches(data, values) : [];
  const isNumberForText = schema['type'] === 'string' && (typeof data === 'number' || typeof data === 'boolean');
  const remedy = isNumberForText
    ? 'Put it in quotes.'
    : near[0] === undefined
      ? `Correct the value${note(schema).replace(/\.$/, '')}.`
      : `Did you mean "${near[0]}"?`;
  return { path, at: 'value', message: `${name} should be ${wanted}`, remedy };
}

function nameOf(path: ValuePath): string {
  const name = path.findLast((step) => !/^\d+$/.test(String(step)));
  if (name === undefined) return 'This';
  return name === path.at(-1) ? `"${name}"` : `An item of "${name}"`;
}

function pathOf(pointer: string): ValuePath {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
