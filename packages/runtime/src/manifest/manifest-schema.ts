import type { JsonObject, JsonSchema, JsonValue } from '@capstan/provider';
import { allowsOtherKeys, pluginMetadataKeys } from './plugin-metadata-keys.ts';
import {
  allowInsecureSchema,
  overrideSchema,
  overrideSuffix,
  requiresSessionSchema,
  runtimeMetadataSchema,
} from './runtime-metadata.ts';

interface DescribedPlugin {
  readonly prefix: string;
  readonly metadataSchema: JsonSchema;
}

const oneLine = '^[^\\n]*$';

/** Metadata keys are words of letters and digits, joined by `_`, `-` or `.`. */
const keyNames: JsonSchema = { pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]*$', maxLength: 128 };

const metadataValue: JsonSchema = {
  type: ['string', 'number', 'boolean', 'array', 'object'],
  items: { type: ['string', 'number', 'boolean'], pattern: oneLine, examples: ['text on one line'] },
  propertyNames: keyNames,
  additionalProperties: { $ref: '#/$defs/metadataValue' },
};

/** A map where only a map can stand: the rest of a nested key. */
const deeper: JsonSchema = { type: 'object', additionalProperties: { $ref: '#/$defs/metadataValue' } };

const capabilityProperties: JsonObject = {
  id: {
    type: 'string',
    pattern: '^\\S+$',
    maxLength: 256,
    examples: ['weather.forecast.today'],
    description:
      'Unique among all manifests: words without spaces, joined by dots, from the general to the particular.',
  },
  kind: {
    enum: ['tool', 'resource', 'resource-template', 'prompt'],
    default: 'tool',
    description: 'What it is to clients of a gateway.',
  },
  name: { type: 'string', minLength: 1, description: 'A title for people. Default: the id.' },
  description: { type: 'string', description: 'What it does and when to use it. Models choose by this text.' },
  version: {
    type: 'string',
    examples: ['1.0'],
    description: 'Version of this declaration, in quotes where it looks like a number.',
  },
  tags: { type: 'array', items: { type: 'string', minLength: 1 }, description: 'Words to search and filter by.' },
  effect: {
    enum: ['read', 'idempotent', 'keyed', 'once'],
    default: 'once',
    description:
      'What calling twice would do. `read`: nothing. `idempotent`: the same as once. `keyed`: the same as once with one idempotency key. `once`: it would happen twice, so a call that may have been sent is never repeated.',
  },
  publish: {
    type: 'boolean',
    default: true,
    description: 'Whether a gateway serves it outward.',
  },
  input: { type: 'object', description: 'JSON Schema (2020-12) of the input.' },
  output: { type: 'object', description: 'JSON Schema (2020-12) of the output.' },
  provider: {
    type: 'string',
    description: 'Prefix of the provider plugin that runs it. Needed only where the metadata has keys of several.',
  },
  metadata: {
    $ref: '#/$defs/metadata',
    description:
      'Settings for the provider and the runtime, flat (`weather_server_url`) or nested (`weather: { server_url: … }`).',
  },
};

/** The JSON Schema (2020-12) of manifest files, for editors and for the loader: the loader passes no plugins and checks metadata itself. */
export function manifestSchema(plugins: readonly DescribedPlugin[]): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Capstan manifest',
    description: 'One capability, or several with shared metadata.',
    if: { type: 'object', required: ['capabilities'] },
    // oxlint-disable-next-line unicorn/no-thenable
    then: { $ref: '#/$defs/file' },
    else: { $ref: '#/$defs/capability' },
    $defs: {
      file: {
        type: 'object',
        description: 'Several capabilities, and the metadata they share.',
        required: ['capabilities'],
        properties: {
          metadata: {
            $ref: '#/$defs/metadata',
            description: "Metadata of every capability of this file; a capability's own wins.",
          },
          capabilities: { type: 'array', items: { $ref: '#/$defs/capability' }, description: 'The capabilities.' },
        },
        additionalProperties: false,
      },
      capability: {
        type: 'object',
        description: 'One thing that can be called.',
        required: ['id'],
        properties: {
          ...capabilityProperties,
          ...(plugins.length === 0
            ? {}
            : {
                provider: {
                  ...(capabilityProperties['provider'] as JsonObject),
                  enum: plugins.map(({ prefix }) => prefix),
                },
              }),
        },
        additionalProperties: false,
      },
      metadata: metadataSchema(plugins),
      metadataValue,
      lines: { type: 'array', items: metadataValue['items'] ?? {} },
      ...(plugins.length === 0 ? {} : { runtime: runtimeMetadataSchema }),
      ...Object.fromEntries(plugins.map((plugin) => [`provider-${plugin.prefix}`, embedded(plugin)])),
    },
  };
}

interface KeyGroup {
  readonly prefix: string;
  readonly keys: ReadonlyMap<string, JsonSchema>;
  /** Whether other keys of the prefix may have a value. */
  readonly isOpen: boolean;
}

/** Knows the keys of the plugins and of the runtime, flat and nested once; deeper nesting and other prefixes are let through. */
function metadataSchema(plugins: readonly DescribedPlugin[]): JsonSchema {
  const base: JsonSchema = {
    type: 'object',
    propertyNames: keyNames,
    additionalProperties: { $ref: '#/$defs/metadataValue' },
  };
  if (plugins.length === 0) return base;
  const properties: Record<string, JsonValue> = {};
  const patternProperties: Record<string, JsonValue> = { [`${overrideSuffix}$`]: overrideSchema };
  for (const { prefix, keys, isOpen } of [
    ...plugins.map(keysOfPlugin),
    keysOfRuntime('session'),
    keysOfRuntime('call'),
  ]) {
    const other: JsonSchema = isOpen ? { $ref: '#/$defs/metadataValue' } : deeper;
    const nested: Record<string, JsonValue> = {};
    for (const [key, schema] of keys) {
      const property = alsoNested(key, schema, keys);
      properties[key] = property;
      if (key.startsWith(`${prefix}_`)) nested[key.slice(prefix.length + 1)] = property;
    }
    properties[prefix] = {
      type: 'object',
      description: `The keys \`${prefix}_*\` without their prefix.`,
      properties: nested,
      patternProperties: { [`${overrideSuffix}$`]: overrideSchema },
      additionalProperties: other,
    };
    const known = Object.keys(nested).map((name) => name.replaceAll(/[.-]/g, '[$&]'));
    patternProperties[`^${prefix}_(?!(?:${known.join('|')})$|.*${overrideSuffix}$)`] = other;
  }
  return { ...base, properties, patternProperties };
}

function keysOfPlugin({ prefix, metadataSchema: schema }: DescribedPlugin): KeyGroup {
  const keys = new Map<string, JsonSchema>([
    [`${prefix}_requires_session`, requiresSessionSchema],
    [`${prefix}_allow_insecure`, allowInsecureSchema],
  ]);
  for (const [key, { pointer, schema: property }] of pluginMetadataKeys(schema)) {
    // Its values are the runtime's affair, whichever of their forms the plugin lists.
    if (key === `${prefix}_requires_session`) keys.set(key, { ...requiresSessionSchema, ...documentation(property) });
    else keys.set(key, written(`#/$defs/provider-${prefix}${pointer}`, property));
  }
  return { prefix, keys, isOpen: allowsOtherKeys(schema) || schema['patternProperties'] !== undefined };
}

function keysOfRuntime(prefix: string): KeyGroup {
  const keys = Object.entries(runtimeMetadataSchema.properties).filter(([key]) => key.startsWith(`${prefix}_`));
  return {
    prefix,
    keys: new Map(keys.map(([key, schema]) => [key, written(`#/$defs/runtime/properties/${key}`, schema)])),
    isOpen: false,
  };
}

/** A reference to a key's schema; where it is text, a list of its lines will do. */
function written(reference: string, schema: JsonSchema): JsonSchema {
  const { type, enum: values } = schema;
  const isText = values === undefined && (type === 'string' || (Array.isArray(type) && type.includes('string')));
  const own = documentation(schema);
  return isText ? { ...own, anyOf: [{ $ref: reference }, { $ref: '#/$defs/lines' }] } : { ...own, $ref: reference };
}

function documentation({ description, default: value }: JsonSchema): JsonSchema {
  return { ...(description === undefined ? {} : { description }), ...(value === undefined ? {} : { default: value }) };
}

/** `auth` next to `auth_scheme`: nested, `auth` may hold a value or the map with `scheme`. */
function alsoNested(key: string, schema: JsonSchema, keys: ReadonlyMap<string, JsonSchema>): JsonSchema {
  for (const other of keys.keys()) {
    if (other.startsWith(`${key}_`)) return { ...documentation(schema), anyOf: [schema, deeper] };
  }
  return schema;
}

/** A plugin's schema as a part of ours: its own references point to where it stands now. */
function embedded({ prefix, metadataSchema: schema }: DescribedPlugin): JsonSchema {
  const { $id: _id, $schema: _dialect, ...rest } = schema;
  return rebased(rest, `#/$defs/provider-${prefix}`) as JsonSchema;
}

function rebased(value: JsonValue, base: string): JsonValue {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: JsonValue) => rebased(item, base));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      key === '$ref' && typeof item === 'string' && item.startsWith('#') ? base + item.slice(1) : rebased(item, base),
    ]),
  );
}
