import {
  type Alias,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  type LineCounter,
  type Node,
  type Pair,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Place, Places, ValuePath } from './problem-report.ts';

/** Places in one YAML document. Lines and columns are counted only when asked for. */
export class DocumentPlaces implements Places {
  readonly #file: string;
  readonly #text: string;
  readonly #lines: LineCounter;
  readonly #contents: Node | null;
  readonly #start: number;
  readonly #pairs = new Map<YAMLMap, ReadonlyMap<string, Pair>>();
  /** What each alias stands for; filled while the document is read. */
  readonly targets = new Map<Alias, Node>();

  constructor(file: string, text: string, lines: LineCounter, contents: Node | null, start: number) {
    this.#file = file;
    this.#text = text;
    this.#lines = lines;
    this.#contents = contents;
    this.#start = start;
  }

  /** The place of the text from `start` to `end`. */
  at(start: number, end = start): Place {
    const { line, col } = this.#lines.linePos(start);
    const place = { file: this.#file, line, column: col };
    return end > start ? { ...place, text: this.#text.slice(start, end) } : place;
  }

  node(node: Node | null | undefined): Place {
    const range = node?.range ?? this.#contents?.range;
    if (!range) return this.at(this.#start);
    // The whole text of a collection would say nothing.
    return isCollection(node) ? this.at(range[0]) : this.at(range[0], range[1]);
  }

  firstKey(map: YAMLMap, key: string): Place {
    return this.node(this.#pairsOf(map).get(key)?.key as Node | undefined);
  }

  key(path: ValuePath): Place {
    return this.node(this.#find(path).key);
  }

  value(path: ValuePath): Place {
    return this.node(this.#find(path).value);
  }

  #find(path: ValuePath): { readonly key: Node | null; readonly value: Node | null } {
    let key = this.#contents;
    let value = this.#contents;
    for (const step of path) {
      const parent = this.#resolve(value);
      if (!isCollection(parent)) break;
      if (isMap(parent)) {
        const pair = this.#pairsOf(parent).get(String(step));
        if (pair === undefined) break;
        key = pair.key as Node;
        // A key without a value, as in `? key`, has no node for it.
        value = (pair.value as Node | null) ?? key;
      } else {
        const item: unknown = parent.items[Number(step)];
        if (item === undefined || isPair(item)) break;
        key = value = item as Node;
      }
    }
    return { key, value };
  }

  #pairsOf(map: YAMLMap): ReadonlyMap<string, Pair> {
    let pairs = this.#pairs.get(map);
    if (pairs === undefined) {
      // Of a key that stands twice, the first.
      pairs = new Map(
        map.items.toReversed().flatMap((pair) => (isScalar(pair.key) ? [[keyText(pair.key), pair]] : [])),
      );
      this.#pairs.set(map, pairs);
    }
    return pairs;
  }

  #resolve(node: Node | null): Node | null {
    return isAlias(node) ? (this.targets.get(node) ?? null) : node;
  }
}

/** A key as it is written: `1.0` stays `1.0`. */
export function keyText(key: Scalar): string {
  return typeof key.value === 'string' ? key.value : (key.source ?? '');
}
