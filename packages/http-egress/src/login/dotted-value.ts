/** What stands at `path` (`data.tokens.0.value`) in parsed JSON, undefined where nothing does. Only own properties are looked at. */
export const dottedValue = (json: unknown, path: string): unknown => {
  let value: unknown = json;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
};
