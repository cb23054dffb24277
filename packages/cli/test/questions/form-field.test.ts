import type { JsonObject, JsonSchema, JsonValue } from '@capstan/provider';
import { describe, expect, test } from 'vitest';
import { checkContent, formFields } from '../../src/questions/form-field.ts';

const check = (property: JsonSchema, value: JsonValue) =>
  checkContent(formFields({ type: 'object', properties: { it: property } }), { it: value }).problems;

describe('a written answer', () => {
  test.each<[JsonSchema, JsonValue, JsonValue]>([
    [{ type: 'string', format: 'email' }, 'a@b.example', 'nobody'],
    [{ type: 'string', format: 'uri' }, 'https://example.com/', 'example.com'],
    [{ type: 'string', format: 'date' }, '2028-02-29', '2027-02-29'],
    [{ type: 'string', format: 'date-time' }, '2026-01-31T09:30:00Z', '2026-01-31 09:30'],
    [{ type: 'string', pattern: '^[A-Z]{3}$' }, 'CHF', 'chf'],
    [{ type: 'string', maxLength: 1 }, '👍', 'ab'],
    [{ type: 'number' }, 1.5, '1.5'],
    [{ type: 'integer' }, 2, 1.5],
    [{ type: 'boolean' }, false, 'false'],
    [{ enum: ['a', 'b'], enumNames: ['One', 'Two'] }, 'a', 'One'],
    [{ type: 'array', items: { anyOf: [{ const: 'a', title: 'One' }] }, minItems: 1 }, ['a'], []],
  ])('has to fit %j', (property, good, bad) => {
    expect(check(property, good)).toEqual([]);
    expect(check(property, bad)).toEqual([expect.stringMatching(/^"it" must /)]);
  });

  test('gets defaults, and has neither too much nor too little', () => {
    const fields = formFields({
      type: 'object',
      properties: { city: { type: 'string' }, days: { type: 'integer', default: 3 }, note: { type: 'string' } },
      required: ['city'],
    });
    const content: JsonObject = { city: 'Bern' };
    expect(checkContent(fields, content)).toEqual({ content: { city: 'Bern', days: 3 }, problems: [] });
    expect(checkContent(fields, { cty: 'Bern' }).problems).toEqual(['"cty" was not asked for', '"city" is missing']);
  });
});
