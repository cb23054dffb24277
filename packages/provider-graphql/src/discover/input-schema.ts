import type { JsonObject, JsonSchema } from '@capstan/provider';
import {
  type GraphQLArgument,
  type GraphQLInputField,
  type GraphQLInputType,
  type GraphQLNamedInputType,
  isEnumType,
  isInputObjectType,
  isListType,
  isNonNullType,
  isRequiredArgument,
  isRequiredInputField,
} from 'graphql';

const scalars: ReadonlyMap<string, JsonObject> = new Map<string, JsonObject>([
  ['Int', { type: 'integer', minimum: -2_147_483_648, maximum: 2_147_483_647 }],
  ['Float', { type: 'number' }],
  ['String', { type: 'string' }],
  ['ID', { type: 'string' }],
  ['Boolean', { type: 'boolean' }],
  ['JSON', { type: ['object', 'array', 'string', 'number', 'boolean'] }],
  ['JSONObject', { type: 'object' }],
]);

/** The input of an operation whose variables are these arguments. Types are referred to, never repeated: they may hold themselves. */
export function inputSchema(args: readonly GraphQLArgument[]): JsonSchema {
  const definitions = new Map<string, JsonObject>();
  const schema = objectOf(args, isRequiredArgument, definitions);
  return definitions.size === 0 ? schema : { ...schema, $defs: Object.fromEntries([...definitions].toSorted(byName)) };
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}

function objectOf<T extends GraphQLArgument | GraphQLInputField>(
  members: readonly T[],
  isRequired: (member: T) => boolean,
  definitions: Map<string, JsonObject>,
): JsonObject {
  const required = members.filter(isRequired).map(({ name }) => name);
  return {
    type: 'object',
    properties: Object.fromEntries(
      members.map(({ name, type, description, defaultValue }) => [
        name,
        {
          ...schemaOf(type, definitions),
          ...(description && { description }),
          ...(isPlain(defaultValue) && { default: defaultValue }),
        },
      ]),
    ),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}

function isPlain(value: unknown): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function schemaOf(type: GraphQLInputType, definitions: Map<string, JsonObject>): JsonObject {
  if (isNonNullType(type)) return notNull(type.ofType, definitions);
  const schema = notNull(type, definitions);
  const { type: own } = schema;
  if (typeof own === 'string') return { ...schema, type: [own, 'null'] };
  if (Array.isArray(own)) return { ...schema, type: [...own, 'null'] };
  return { anyOf: [schema, { type: 'null' }] };
}

function notNull(type: GraphQLInputType, definitions: Map<string, JsonObject>): JsonObject {
  if (isNonNullType(type)) return notNull(type.ofType, definitions);
  if (isListType(type)) return { type: 'array', items: schemaOf(type.ofType, definitions) };
  if (!isEnumType(type) && !isInputObjectType(type)) return scalars.get(type.name) ?? { type: 'string' };
  define(type, definitions);
  return { $ref: `#/$defs/${type.name}` };
}

function define(type: GraphQLNamedInputType, definitions: Map<string, JsonObject>): void {
  if (definitions.has(type.name)) return;
  const described = type.description ? { description: type.description } : {};
  // Before its members, which may refer to it.
  definitions.set(type.name, {});
  if (isEnumType(type)) definitions.set(type.name, { enum: type.getValues().map(({ name }) => name), ...described });
  if (!isInputObjectType(type)) return;
  const fields = Object.values(type.getFields());
  if (!type.isOneOf) {
    definitions.set(type.name, { ...objectOf(fields, isRequiredInputField, definitions), ...described });
    return;
  }
  const properties = fields.map(({ name, type: member }) => [name, notNull(member, definitions)] as const);
  definitions.set(type.name, {
    type: 'object',
    properties: Object.fromEntries(properties),
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
    ...described,
  });
}
