import type { JsonSchema, JsonValue } from '@capstan/provider';
import { jsonText } from '../result-text.ts';
import { type Choice, choicesOf, matchChoice } from './choices.ts';
import { stringProblem } from './string-problem.ts';

/** How values of one type are asked for, read and checked. */
export interface FieldKind {
  /** What may be written, in a few words. */
  readonly hint: string;
  /** To be shown before it is asked, numbered. */
  readonly choices: readonly Choice[];
  /** What a line means; `problem` says why it means nothing. */
  read(line: string): { readonly value: JsonValue } | { readonly problem: string };
  /** Why a value does not fit, as the end of a sentence that the field's name begins. */
  problemOf(value: JsonValue): string | undefined;
  show(value: JsonValue): string;
}

const yes = /^(?:y|yes|true)$/i;
const no = /^(?:n|no|false)$/i;

/** Of a property's schema: text, number, yes or no, one or several of a list. Of any other, JSON is asked for. */
export function kindOf(schema: JsonSchema): FieldKind {
  const choices = choicesOf(schema);
  if (choices.length > 0) return oneOf(choices);
  const { type, items } = schema;
  if (type === 'array' && typeof items === 'object' && items !== null && !Array.isArray(items)) {
    const many = choicesOf(items as JsonSchema);
    if (many.length > 0) return severalOf(many, schema);
  }
  if (type === 'string') return text(schema);
  if (type === 'number' || type === 'integer') return number(schema);
  if (type === 'boolean') return yesOrNo;
  return json;
}

const show = (value: JsonValue): string => jsonText(value);

const yesOrNo: FieldKind = {
  hint: 'yes or no',
  choices: [],
  read: (line) => {
    if (yes.test(line)) return { value: true };
    return no.test(line) ? { value: false } : { problem: 'must be yes or no' };
  },
  problemOf: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  show: (value) => (value === true ? 'yes' : 'no'),
};

const json: FieldKind = {
  hint: 'JSON',
  choices: [],
  read: (line) => {
    try {
      return { value: JSON.parse(line) as JsonValue };
    } catch {
      return { problem: 'must be JSON' };
    }
  },
  problemOf: () => undefined,
  show: (value) => JSON.stringify(value),
};

function text(schema: JsonSchema): FieldKind {
  const { format } = schema;
  return {
    hint: typeof format === 'string' ? format : '',
    choices: [],
    read: (line) => ({ value: line }),
    problemOf: (value) => stringProblem(value, schema),
    show,
  };
}

function number(schema: JsonSchema): FieldKind {
  const { type, minimum, maximum } = schema;
  const what = type === 'integer' ? 'a whole number' : 'a number';
  const from = typeof minimum === 'number' ? ` from ${minimum}` : '';
  const to = typeof maximum === 'number' ? ` up to ${maximum}` : '';
  return {
    hint: `${what}${from}${to}`,
    choices: [],
    read: (line) =>
      /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(line) ? { value: Number(line) } : { problem: `must be ${what}` },
    problemOf: (value) => {
      if (typeof value !== 'number' || !Number.isFinite(value)) return `must be ${what}`;
      if (type === 'integer' && !Number.isInteger(value)) return `must be ${what}`;
      if (typeof minimum === 'number' && value < minimum) return `must be ${minimum} or more`;
      return typeof maximum === 'number' && value > maximum ? `must be ${maximum} or less` : undefined;
    },
    show,
  };
}

function oneOf(choices: readonly Choice[]): FieldKind {
  const problem = `must be one of ${choices.map(({ text: name }) => name).join(', ')}`;
  return {
    hint: 'number or name',
    choices,
    read: (line) => {
      const choice = matchChoice(choices, line);
      return choice === undefined ? { problem } : { value: choice.value };
    },
    problemOf: (value) => (choices.some((choice) => choice.value === value) ? undefined : problem),
    show,
  };
}

function severalOf(choices: readonly Choice[], { minItems, maxItems }: JsonSchema): FieldKind {
  const one = oneOf(choices);
  return {
    hint: 'numbers or names, with commas between',
    choices,
    read: (line) => {
      const read = line
        .split(',')
        .map((word) => word.trim())
        .filter((word) => word !== '')
        .map((word) => one.read(word));
      const wrong = read.find((each) => 'problem' in each);
      if (wrong !== undefined) return wrong;
      return { value: [...new Set(read.flatMap((each) => ('value' in each ? [each.value] : [])))] };
    },
    problemOf: (value) => {
      if (!Array.isArray(value)) return 'must be a list';
      if (typeof minItems === 'number' && value.length < minItems) return `must be ${minItems} or more`;
      if (typeof maxItems === 'number' && value.length > maxItems) return `must be ${maxItems} or fewer`;
      return value.map((each: JsonValue) => one.problemOf(each)).find((problem) => problem !== undefined);
    },
    show: (value) => (Array.isArray(value) ? value.map(show).join(', ') : show(value)),
  };
}
