const deepest = 64;

/** The first thing in a value that JSON cannot carry, and where (JSON Pointer): bytes, bigints, functions, dates, cycles, NaN. */
export interface NotJson {
  readonly path: string;
  readonly what: string;
}

/** Undefined where JSON can carry all of it. A property that is undefined is one that is not there, as in `JSON.stringify`. */
export function notJson(value: unknown, depth = 0): NotJson | undefined {
  if (value === null) return undefined;
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : { path: '', what: `is ${value}` };
    case 'object':
      return depth === deepest
        ? { path: '', what: `is nested more than ${deepest} levels deep` }
        : inside(value, depth + 1);
    default:
      return { path: '', what: `is of type ${typeof value}` };
  }
}

/** The path is made on the way back, so that only a find costs one. */
function inside(value: object, depth: number): NotJson | undefined {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const found = notJson(value[index], depth);
      if (found !== undefined) return { ...found, path: `/${index}${found.path}` };
    }
    return undefined;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return { path: '', what: describe(value) };
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    const found = notJson(item, depth);
    if (found !== undefined)
      return { ...found, path: `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}${found.path}` };
  }
  return undefined;
}

function describe(value: object): string {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return 'holds bytes; send them as base64 text';
  const { constructor } = value as { readonly constructor?: { readonly name?: string } };
  return `is a ${constructor?.name ?? 'special object'}, which JSON cannot carry`;
}
