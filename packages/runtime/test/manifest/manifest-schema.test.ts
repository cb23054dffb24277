import type { JsonObject } from '@capstan/provider';
import { manifestSchema } from '@capstan/runtime';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { abacusProvider } from './abacus-provider.ts';
import { loadTexts, withMetadata } from './load-texts.ts';

const schema = manifestSchema([abacusProvider(), abacusProvider('scale')]);

function editor(): ValidateFunction {
  return new Ajv2020({
    allErrors: true,
    strict: true,
    allowUnionTypes: true,
    strictRequired: false,
    strictTypes: false,
  }).compile(schema);
}

describe('manifestSchema', () => {
  it('is a schema of the dialect that it names', () => {
    const ajv = new Ajv2020();
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(ajv.validateSchema(schema)).toBe(true);
    expect(ajv.validateSchema(manifestSchema([]))).toBe(true);
  });

  it.each([
    withMetadata(),
    withMetadata('abacus: { beads: 3, auth: { env_var: KEY }, notes: [one, two] }'),
    withMetadata('abacus_auth: { env_var: KEY }', 'abacus_auth_env_var: KEY'),
    withMetadata('abacus_notes: [one, 2]', 'session: { scope: call }', 'call_timeout_ms: 5'),
    withMetadata(
      'abacus_beads_override_env_var: BEADS',
      'abacus: { color_override_env_var: COLOR }',
      'team: { name: blue }',
    ),
    withMetadata('abacus_requires_session: "true"', 'abacus_allow_insecure: true', 'abacus_label_front: x'),
    'metadata: { abacus_rods: 1 }\ncapabilities: [{ id: a }, { id: b, provider: abacus }]\n',
  ])('accepts what loads: %j', async (text) => {
    const { report } = await loadTexts(text);
    expect(report).toEqual([]);
    const validate = editor();
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true);
  });

  it.each([
    withMetadata('abacus_beads: 99'),
    withMetadata('abacus: { beads: 99 }'),
    withMetadata('session_scope: everybody'),
    withMetadata('session: { scope: everybody }'),
    withMetadata('session_scop: call'),
    withMetadata('abacus_requires_session: yes'),
    withMetadata('abacus_beads_override_env_var: lower'),
    withMetadata('abacus_notes: { deep: [[1]] }'),
    'capabilities: [{ name: x }]\n',
    'id: a\nprovider: abakus\n',
    'id: a\nefect: read\n',
    'metadata: {}\n',
  ])('refuses what does not load: %j', async (text) => {
    expect((await loadTexts(text)).capabilities).toEqual([]);
    expect(editor()(parse(text))).toBe(false);
  });

  it('lets editors complete the keys of plugins and of the runtime, flat and nested, with their descriptions and defaults', () => {
    const { metadata } = schema['$defs'] as { metadata: { properties: Record<string, JsonObject> } };
    const { properties } = metadata;
    expect(properties['abacus_beads']).toEqual({
      description: 'Beads on a rod.',
      default: 10,
      $ref: '#/$defs/provider-abacus/properties/abacus_beads',
    });
    expect(properties['abacus']).toHaveProperty('properties.beads', properties['abacus_beads']);
    expect(properties['session']).toHaveProperty('properties.scope', properties['session_scope']);
    for (const key of [
      'session_scope',
      'call_rate_limit',
      'abacus_requires_session',
      'scale_allow_insecure',
      'abacus_notes',
    ]) {
      expect(properties[key], key).toHaveProperty('description');
    }
  });

  it('describes every key of a capability', () => {
    const { capability } = schema['$defs'] as { capability: { properties: Record<string, JsonObject> } };
    for (const [key, property] of Object.entries(capability.properties))
      expect(property, key).toHaveProperty('description');
  });
});
