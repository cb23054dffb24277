import { CapstanError, type JsonObject, type JsonValue } from '@capstan/provider';

interface Operator {
  readonly first: string;
  readonly separator: string;
  /** Names stand before their values. */
  readonly named: boolean;
  /** What stands after the name of an empty value. */
  readonly ifEmpty: string;
  readonly reserved: boolean;
  /** A part of a URI that may be absent, such as a query: nothing is missed then. */
  readonly optional: boolean;
}

/** RFC 6570, Appendix A. */
const simple: Operator = { first: '', separator: ',', named: false, ifEmpty: '', reserved: false, optional: false };
const operators: Readonly<Record<string, Operator | undefined>> = {
  '+': { ...simple, reserved: true },
  '#': { ...simple, first: '#', reserved: true },
  '.': { ...simple, first: '.', separator: '.' },
  '/': { ...simple, first: '/', separator: '/' },
  ';': { ...simple, first: ';', separator: ';', named: true, optional: true },
  '?': { ...simple, first: '?', separator: '&', named: true, ifEmpty: '=', optional: true },
  '&': { ...simple, first: '&', separator: '&', named: true, ifEmpty: '=', optional: true },
};

/**
 * RFC 6570, levels 1 to 4, filled from the input of `capability`; numbers and booleans stand as text. Throws `INPUT_INVALID` where a
 * variable is missing that is no parameter of a query (`{?…}`, `{&…}`, `{;…}`): the result would name another resource than was meant.
 */
export function expandTemplate(template: string, input: JsonObject, capability: string): string {
  return template.replaceAll(/\{([^{}]*)\}/g, (_, expression: string) => expand(expression, input, capability));
}

function expand(expression: string, input: JsonObject, capability: string): string {
  const operator = operators[expression.charAt(0)];
  const { first, separator, optional } = operator ?? simple;
  const parts: string[] = [];
  for (const spec of (operator === undefined ? expression : expression.slice(1)).split(',')) {
    const [, name = '', prefix, explode] = /^\s*([^:*\s]+)(?::(\d{1,4})|(\*))?\s*$/.exec(spec) ?? [];
    const value = Object.hasOwn(input, name) ? input[name] : undefined;
    const part = isUndefined(value)
      ? undefined
      : explode === undefined
        ? joined(name, value, operator ?? simple, prefix === undefined ? Infinity : Number(prefix))
        : exploded(name, value, operator ?? simple);
    if (part !== undefined) parts.push(part);
    else if (!optional)
      throw new CapstanError(
        'INPUT_INVALID',
        `${capability} needs ${name} in its input to know which resource is meant.`,
        {
          details: { problems: [{ path: `/${name}`, expected: 'a value: the template of the resource has it' }] },
        },
      );
  }
  return parts.length === 0 ? '' : first + parts.join(separator);
}

/** An empty list or object is no value either (RFC 6570 §3.2.1). */
function isUndefined(value: JsonValue | undefined): value is undefined | null {
  return value === undefined || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

function joined(name: string, value: JsonValue, operator: Operator, prefixLength: number): string {
  const { named, ifEmpty } = operator;
  const encoded =
    typeof value === 'object' && value !== null
      ? (Array.isArray(value) ? value : Object.entries(value).flat())
          .map((item: JsonValue) => encode(text(item), operator))
          .join(',')
      : encode(Array.from(text(value)).slice(0, prefixLength).join(''), operator);
  if (!named) return encoded;
  return encoded === '' ? name + ifEmpty : `${name}=${encoded}`;
}

function exploded(name: string, value: JsonValue, operator: Operator): string {
  const { named, separator, ifEmpty } = operator;
  if (typeof value !== 'object' || value === null) return joined(name, value, operator, Infinity);
  const pairs: (readonly [string, JsonValue])[] = Array.isArray(value)
    ? value.map((item: JsonValue) => [named ? name : '', item] as const)
    : Object.entries(value);
  return pairs
    .map(([key, item]) => {
      const encoded = encode(text(item), operator);
      if (key === '') return encoded;
      const label = Array.isArray(value) ? key : encode(key, operator);
      return named && encoded === '' ? label + ifEmpty : `${label}=${encoded}`;
    })
    .join(separator);
}

function text(value: JsonValue): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function encode(value: string, { reserved }: Operator): string {
  // A lone surrogate has no UTF-8.
  const wellFormed = value.toWellFormed();
  if (!reserved) return encodeURIComponent(wellFormed).replaceAll(/[!'()*]/g, percent);
  // What is percent-encoded already stays so, as the reserved characters do.
  return wellFormed.replaceAll(/%[0-9A-Fa-f]{2}|[^A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]+/g, (part) =>
    /^%[0-9A-Fa-f]{2}$/.test(part) ? part : encodeURIComponent(part),
  );
}

function percent(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
