import { isAlias, isMap, isScalar, isSeq, type Alias, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { type DocumentPlaces, keyText } from './document-places.ts';
import type { Complaint, Report } from './problem-report.ts';
import { checkKey, checkNumber, checkText, deepestNesting, tooDeep } from './value-rules.ts';

/** Values that all aliases of one document may add to it; ten aliases of ten aliases of ten … stop here. */
const mostAliasedValues = 10_000;

interface Anchor {
  readonly node: Node;
  readonly value: unknown;
  readonly size: number;
  readonly height: number;
}

/**
 * Turns a parsed document into plain values and reports what no manifest may hold. It does the work of yaml's own `toJS` and
 * `uniqueKeys`, whose time grows with the square of a map's size, and bounds aliases by what they expand to, where `maxAliasCount`
 * counts them.
 */
export class DocumentReader {
  readonly #places: DocumentPlaces;
  readonly #report: Report;
  /** By name; undefined while its node is being read. */
  readonly #anchors = new Map<string, Anchor | undefined>();
  #size = 0;
  #aliasedValues = 0;
  #deepest = 0;

  constructor(places: DocumentPlaces, report: Report) {
    this.#places = places;
    this.#report = report;
  }

  read(contents: Node | null): unknown {
    return this.#read(contents, 0, undefined);
  }

  #read(node: Node | null, depth: number, key: string | undefined): unknown {
    this.#size++;
    if (depth > this.#deepest) this.#deepest = depth;
    if (isAlias(node)) return this.#resolve(node, depth);
    const anchor = node?.anchor;
    if (!node || anchor === undefined) return this.#readPlain(node, depth, key);
    const sizeBefore = this.#size;
    const deepestBefore = this.#deepest;
    this.#deepest = depth;
    this.#anchors.set(anchor, undefined);
    const value = this.#readPlain(node, depth, key);
    this.#anchors.set(anchor, { node, value, size: this.#size - sizeBefore + 1, height: this.#deepest - depth });
    this.#deepest = Math.max(this.#deepest, deepestBefore);
    return value;
  }

  #readPlain(node: Node | null, depth: number, key: string | undefined): unknown {
    if (isScalar(node)) return this.#readScalar(node, key);
    if (!isMap(node) && !isSeq(node)) return null;
    if (depth >= deepestNesting) return this.#complain(node, tooDeep);
    if (isSeq(node)) return node.items.map((item) => this.#read(item as Node | null, depth + 1, key));
    const entries: Record<string, unknown> = {};
    for (const pair of node.items) this.#readPair(pair as Pair<Node, Node | null>, depth, entries, node);
    return entries;
  }

  #readPair(pair: Pair<Node, Node | null>, depth: number, entries: Record<string, unknown>, map: YAMLMap): void {
    if (!isScalar(pair.key)) {
      this.#complain(pair.key, {
        message: 'A key must be plain text',
        remedy: 'Write the key as one word followed by a colon.',
      });
      return;
    }
    const key = keyText(pair.key);
    if (pair.key.anchor !== undefined) {
      this.#anchors.set(pair.key.anchor, { node: pair.key, value: key, size: 1, height: 0 });
    }
    const complaint = checkKey(key);
    if (complaint !== undefined) {
      this.#complain(pair.key, complaint);
      return;
    }
    if (Object.hasOwn(entries, key)) {
      const { line, column } = this.#places.firstKey(map, key);
      this.#complain(pair.key, {
        message: `The key "${key}" stands twice in the same map, first at line ${line}, column ${column}`,
        remedy: 'Delete one of the two.',
        seen: key,
      });
      return;
    }
    entries[key] = this.#read(pair.value, depth + 1, key);
  }

  #readScalar(node: Scalar, key: string | undefined): unknown {
    const { value } = node;
    if (typeof value === 'string') this.#complain(node, checkText(value, key));
    else if (typeof value === 'number') this.#complain(node, checkNumber(value, node.source));
    return value;
  }

  #resolve(alias: Alias, depth: number): unknown {
    const anchor = this.#anchors.get(alias.source);
    if (anchor === undefined) {
      const message = this.#anchors.has(alias.source)
        ? `The alias "*${alias.source}" stands inside what it repeats`
        : `The alias "*${alias.source}" repeats something that is not there`;
      return this.#complain(alias, {
        message,
        remedy: `Put "&${alias.source}" before the value to repeat, further up.`,
      });
    }
    this.#places.targets.set(alias, anchor.node);
    this.#size += anchor.size;
    this.#aliasedValues += anchor.size;
    this.#deepest = Math.max(this.#deepest, depth + anchor.height);
    if (depth + anchor.height > deepestNesting) return this.#complain(alias, tooDeep);
    if (this.#aliasedValues > mostAliasedValues) {
      if (this.#aliasedValues - anchor.size > mostAliasedValues) return null;
      return this.#complain(alias, {
        message: `The aliases of this document expand to more than ${mostAliasedValues} values`,
        remedy: 'Repeat less, or split the file.',
      });
    }
    return anchor.value;
  }

  #complain(node: Node, complaint: Complaint | undefined): null {
    if (complaint !== undefined) this.#report(() => this.#places.node(node), complaint);
    return null;
  }
}
