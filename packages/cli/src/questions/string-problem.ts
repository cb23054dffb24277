import type { JsonSchema, JsonValue } from '@capstan/provider';

const formats: Readonly<Record<string, (text: string) => boolean>> = {
  email: (text) => /^[^\s@]+@[^\s@]+$/.test(text),
  uri: (text) => URL.canParse(text),
  date: isDate,
  'date-time': (text) => {
    const [date = '', time] = text.split(/[Tt]/);
    return (
      isDate(date) && time !== undefined && /(?:[Zz]|[-+]\d\d:\d\d)$/.test(time) && !Number.isNaN(Date.parse(text))
    );
  },
};

const formatNames: Readonly<Record<string, string>> = {
  email: 'an e-mail address',
  uri: 'an absolute URL',
  date: 'a date such as 2026-01-31',
  'date-time': 'a date and time such as 2026-01-31T09:30:00Z',
};

/** Why a value is not the text that a schema wants. Lengths are counted in characters, as JSON Schema does. */
export function stringProblem(value: JsonValue, schema: JsonSchema): string | undefined {
  if (typeof value !== 'string') return 'must be text';
  const { minLength, maxLength, pattern, format } = schema;
  const length = Array.from(value).length;
  if (typeof minLength === 'number' && length < minLength) return `must have ${minLength} characters or more`;
  if (typeof maxLength === 'number' && length > maxLength) return `must have ${maxLength} characters or fewer`;
  if (typeof pattern === 'string' && !matches(pattern, value)) return `must match ${pattern}`;
  if (typeof format !== 'string') return undefined;
  return formats[format]?.(value) === false ? `must be ${formatNames[format] ?? format}` : undefined;
}

/** A pattern that is none of ours holds nobody up: the upstream checks what it gets. */
function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, 'u').test(value);
  } catch {
    return true;
  }
}

function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.valueOf()) && date.toISOString().startsWith(text);
}
