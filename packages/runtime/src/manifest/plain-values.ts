import type { Place, Places, Report, ValuePath } from './problem-report.ts';
import { checkKey, checkNumber, checkText, deepestNesting, tooDeep } from './value-rules.ts';

/** Places in a manifest that was given as an object: the way to the value stands in for the file. */
export class PlainPlaces implements Places {
  readonly #root: string;
  readonly #value: unknown;

  constructor(root: string, value: unknown) {
    this.#root = root;
    this.#value = value;
  }

  key(path: ValuePath): Place {
    return { file: this.#way(path), line: 1, column: 1 };
  }

  value(path: ValuePath): Place {
    let value = this.#value;
    for (const step of path) value = typeof value === 'object' && value !== null ? Reflect.get(value, step) : undefined;
    const place = this.key(path);
    const isShown =
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null;
    return isShown ? { ...place, text: String(value) } : place;
  }

  #way(path: ValuePath): string {
    return path.reduce<string>(
      (way, step) => (/^\d+$/.test(String(step)) ? `${way}[${step}]` : `${way}.${step}`),
      this.#root,
    );
  }
}

/** Reports what no manifest may hold in a value that did not come from YAML; true where it found nothing. */
export function checkPlainValue(value: unknown, places: Places, report: Report): boolean {
  let isFine = true;
  const parents = new Set<object>();
  const complain: Report = (place, complaint) => {
    isFine = false;
    report(place, complaint);
  };
  const visit = (item: unknown, path: ValuePath, key: string | undefined): void => {
    const complaint =
      typeof item === 'string'
        ? checkText(item, key)
        : typeof item === 'number'
          ? checkNumber(item, undefined)
          : undefined;
    if (complaint !== undefined) complain(places.value(path), complaint);
    if (item === null || ['string', 'number', 'boolean', 'undefined'].includes(typeof item)) return;
    if (typeof item !== 'object' || !isPlain(item)) {
      complain(places.key(path), {
        message: 'Only plain values are allowed',
        remedy: 'Pass what JSON could hold.',
        seen: false,
      });
    } else if (parents.has(item)) {
      complain(places.key(path), {
        message: 'The value contains itself',
        remedy: 'Pass what JSON could hold.',
        seen: false,
      });
    } else if (path.length >= deepestNesting) complain(places.key(path), { ...tooDeep, seen: false });
    else {
      parents.add(item);
      if (Array.isArray(item)) item.forEach((element, index) => visit(element, [...path, index], key));
      else {
        for (const [name, element] of Object.entries(item)) {
          const keyComplaint = checkKey(name);
          if (keyComplaint !== undefined) complain(places.key([...path, name]), keyComplaint);
          visit(element, [...path, name], name);
        }
      }
      parents.delete(item);
    }
  };
  visit(value, [], undefined);
  return isFine;
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
