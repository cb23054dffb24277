/** `JSON.parse`, but integers that JavaScript would round stay as they were sent, as texts. */
export function parseJson(text: string): unknown {
  // Looking at every number costs ten times as much, so only where there may be one with so many digits.
  return /\d{16}/.test(text) ? (JSON.parse(text, keepDigits) as unknown) : (JSON.parse(text) as unknown);
}

function keepDigits(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
  return /^-?\d+$/.test(source) ? source : value;
}
