import type { JsonValue } from '@capstan/provider';
import { isMap, isScalar, type Node, type Pair, type YAMLMap } from 'yaml';
import { flowText, indented, yamlText } from './manifest-yaml.ts';
import type { TextSplices } from './text-splices.ts';

type Range = readonly [start: number, valueEnd: number, nodeEnd: number];
type KeyedPair = Pair<Node, Node | null>;

/** Changes the pairs of maps in the text that they were parsed from. */
export class MapEditor {
  readonly #text: string;
  readonly #splices: TextSplices;

  constructor(text: string, splices: TextSplices) {
    this.#text = text;
    this.#splices = splices;
  }

  /** Where the key is missing it is put before `before`, or before the first key. */
  set(map: YAMLMap, key: string, value: JsonValue, before?: string): void {
    const pair = pairOf(map, key);
    if (pair !== undefined) {
      const start = startOf(pair.key);
      const { end, isCommented } = this.#endOf(pair);
      const text = this.#pairText(key, value, map.flow === true, this.columnOf(start));
      // After a block of lines a comment would become a part of it.
      const isUnsafe = isCommented && text.includes('\n');
      this.#splices.replace(start, end, isUnsafe ? this.#pairText(key, value, true, 0) : text);
      return;
    }
    const anchor = (before === undefined ? undefined : pairOf(map, before)) ?? (map.items[0] as KeyedPair | undefined);
    if (anchor === undefined) throw new RangeError('An empty map cannot be added to.');
    const at = startOf(anchor.key);
    const column = this.columnOf(at);
    const text = this.#pairText(key, value, map.flow === true, column);
    this.#splices.insert(at, map.flow === true ? `${text}, ` : `${text}\n${' '.repeat(column)}`);
  }

  delete(map: YAMLMap, key: string): void {
    const index = map.items.findIndex((pair) => keyOf(pair as KeyedPair) === key);
    const pair = map.items[index] as KeyedPair | undefined;
    if (pair === undefined) return;
    const next = map.items[index + 1] as KeyedPair | undefined;
    const start = startOf(pair.key);
    const isOnOwnLine = this.#text.slice(this.lineStart(start), start).trim() === '';
    if (map.flow !== true && isOnOwnLine)
      this.#splices.replace(this.lineStart(start), this.lineEnd(this.#endOf(pair).end), '');
    else if (next !== undefined) this.#splices.replace(start, startOf(next.key), '');
    else {
      const previous = map.items[index - 1] as KeyedPair | undefined;
      this.#splices.replace(previous === undefined ? start : this.#endOf(previous).end, this.#endOf(pair).end, '');
    }
  }

  /** Where the text of a node ends, blanks and line breaks after it left out. */
  trimmedEnd(node: Node): number {
    const [start, valueEnd] = rangeOf(node);
    return start + withoutBlanksBehind(this.#text.slice(start, valueEnd)).length;
  }

  columnOf(offset: number): number {
    return offset - this.lineStart(offset);
  }

  lineStart(offset: number): number {
    return this.#text.lastIndexOf('\n', offset - 1) + 1;
  }

  /** After the line break. */
  lineEnd(offset: number): number {
    const end = this.#text.indexOf('\n', offset);
    return end === -1 ? this.#text.length : end + 1;
  }

  #endOf({ key, value }: KeyedPair): { readonly end: number; readonly isCommented: boolean } {
    const start = startOf(key);
    const valueEnd = value === null ? rangeOf(key)[1] : rangeOf(value)[1];
    // Of a key without a value the colon is no part of the value.
    const written = withoutBlanksBehind(this.#text.slice(start, valueEnd));
    const isEmpty = value === null || (isScalar(value) && value.source === '');
    const colon = isEmpty ? /^\s*:/.exec(this.#text.slice(rangeOf(key)[1]))?.[0].length : undefined;
    const end = colon === undefined ? start + written.length : rangeOf(key)[1] + colon;
    return { end, isCommented: /^[ \t]*#/.test(this.#text.slice(end, this.lineEnd(end))) };
  }

  #pairText(key: string, value: JsonValue, isFlow: boolean, column: number): string {
    if (isFlow) return `${key}: ${flowText(value)}`;
    return indented(yamlText({ [key]: value }), column).trim();
  }
}

function pairOf(map: YAMLMap, key: string): KeyedPair | undefined {
  return map.items.find((pair) => keyOf(pair as KeyedPair) === key) as KeyedPair | undefined;
}

/** The map that holds a flat metadata key, and its name there: nested maps say a part of the key each. */
export function findFlatKey(
  map: YAMLMap,
  flatKey: string,
): { readonly map: YAMLMap; readonly key: string } | undefined {
  for (const pair of map.items as KeyedPair[]) {
    const key = keyOf(pair);
    if (key === flatKey && !isMap(pair.value)) return { map, key };
    if (key === undefined || !flatKey.startsWith(`${key}_`) || !isMap(pair.value)) continue;
    const found = findFlatKey(pair.value, flatKey.slice(key.length + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Only blanks of YAML: others are a part of what they stand behind. */
function withoutBlanksBehind(text: string): string {
  return text.replace(/(?<![ \t\r\n])[ \t\r\n]+$/, '');
}

/** Of a node that was parsed. */
export function rangeOf(node: Node): Range {
  if (!node.range) throw new RangeError('The node has no place in the text.');
  return node.range;
}

function startOf(node: Node): number {
  return rangeOf(node)[0];
}

function keyOf(pair: KeyedPair): string | undefined {
  return isScalar(pair.key) ? String(pair.key.value) : undefined;
}
