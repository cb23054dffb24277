import type { JsonSchema, JsonValue } from '@capstan/provider';
import { jsonText } from '../result-text.ts';

export interface Choice {
  readonly value: JsonValue;
  /** The value as it is written. */
  readonly text: string;
  readonly title: string;
}

/** What a schema lets one choose from: `enum` (with the older `enumNames`), or `oneOf` and `anyOf` of constants with titles. */
export function choicesOf(schema: JsonSchema): readonly Choice[] {
  const { enum: values, enumNames } = schema;
  if (Array.isArray(values)) {
    const names: readonly JsonValue[] = Array.isArray(enumNames) ? enumNames : [];
    return values.map((value: JsonValue, index) => choice(value, names[index]));
  }
  const branches = [schema['oneOf'], schema['anyOf']].find((each) => Array.isArray(each)) ?? [];
  const choices = (branches as readonly JsonSchema[]).flatMap(({ const: value, title }) =>
    value === undefined ? [] : [choice(value, title)],
  );
  return choices.length === (branches as readonly JsonSchema[]).length ? choices : [];
}

/** The value itself before its title, whatever the case, before its number. */
export function matchChoice(choices: readonly Choice[], word: string): Choice | undefined {
  const small = word.toLowerCase();
  return (
    choices.find(({ text }) => text === word) ??
    choices.find(({ text, title }) => title.toLowerCase() === small || text.toLowerCase() === small) ??
    (/^[1-9]\d*$/.test(word) ? choices[Number(word) - 1] : undefined)
  );
}

function choice(value: JsonValue, title: JsonValue | undefined): Choice {
  const text = jsonText(value);
  return { value, text, title: typeof title === 'string' ? title : text };
}
