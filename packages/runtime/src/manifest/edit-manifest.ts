import { CapstanError, type Metadata } from '@capstan/provider';
import { isMap, isSeq, parseAllDocuments, type YAMLMap, type YAMLSeq } from 'yaml';
import { type ChangedCapability, pinKey } from './compare-drafts.ts';
import { declaredMetadata, declaredValue, indented } from './manifest-yaml.ts';
import { findFlatKey, MapEditor, rangeOf } from './map-editor.ts';
import { declarationOf, noteMark, type PreparedDraft } from './prepare-drafts.ts';
import { TextSplices } from './text-splices.ts';

export interface ManifestEdits {
  /** Get what their drafts say: name, description, schemas, pin and notes. All else stays: id, effect, other metadata, comments. */
  readonly changed?: readonly Pick<ChangedCapability, 'capability' | 'draft'>[];
  /** Ids. */
  readonly removed?: readonly string[];
  /** Put in the order of their ids. */
  readonly added?: readonly PreparedDraft[];
  /** For the `metadata` at the top. */
  readonly metadata?: Metadata;
}

/** A capability of a manifest: its map, and the list that it stands in. */
interface Found {
  readonly map: YAMLMap;
  readonly list?: YAMLSeq;
}

/**
 * The text of a manifest with some things changed, and everything else as it was, byte for byte. `file` is for messages. Throws
 * `MANIFEST_INVALID` where the text is of a shape that this cannot change.
 */
export function editManifest(file: string, text: string, edits: ManifestEdits): string {
  try {
    return new ManifestEditor(text).edit(edits);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new CapstanError(
      'MANIFEST_INVALID',
      `${file} cannot be changed as it is written: ${cause.message} Change it by hand, or write it anew.`,
      { cause },
    );
  }
}

class ManifestEditor {
  readonly #text: string;
  readonly #splices: TextSplices;
  readonly #maps: MapEditor;
  readonly #tops: readonly YAMLMap[];

  constructor(text: string) {
    this.#text = text;
    this.#splices = new TextSplices(text);
    this.#maps = new MapEditor(text, this.#splices);
    const documents = parseAllDocuments(text, { version: '1.2', schema: 'core', prettyErrors: false });
    if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0))
      throw new RangeError('It is not valid YAML.');
    this.#tops = documents.map(({ contents }) => contents).filter((contents) => isMap(contents));
  }

  edit({ changed = [], removed = [], added = [], metadata = {} }: ManifestEdits): string {
    for (const { capability, draft } of changed) this.#update(this.#find(capability.id), draft);
    for (const id of removed) this.#remove(this.#find(id));
    for (const draft of added.toSorted((a, b) => (a.capability.id < b.capability.id ? -1 : 1))) this.#add(draft);
    if (Object.keys(metadata).length > 0) this.#setShared(metadata);
    return this.#splices.apply();
  }

  #find(id: string): Found {
    for (const top of this.#tops) {
      if (top.get('id') === id) return { map: top };
      const list = top.get('capabilities');
      if (!isSeq(list)) continue;
      const map = list.items.find((item) => isMap(item) && item.get('id') === id);
      if (isMap(map)) return { map, list };
    }
    throw new RangeError(`It declares no capability ${JSON.stringify(id)}.`);
  }

  #update(found: Found, { capability, notes }: PreparedDraft): void {
    const { map } = found;
    const declaration = declarationOf(capability);
    const own = map.get('metadata');
    for (const key of ['name', 'description', 'input', 'output'] as const) {
      const value = declaration[key];
      if (value === undefined) this.#maps.delete(map, key);
      else this.#maps.set(map, key, value, 'metadata');
    }
    const pin = pinKey(capability.metadata);
    const value = pin === undefined ? undefined : capability.metadata[pin];
    if (pin !== undefined && value !== undefined) {
      if (!isMap(own) || own.items.length === 0) throw new RangeError('A capability has no metadata of its own.');
      const place = findFlatKey(own, pin) ?? { map: own, key: pin };
      this.#maps.set(place.map, place.key, value);
    }
    this.#replaceNotes(found, notes);
  }

  #replaceNotes({ map, list }: Found, notes: readonly string[]): void {
    if (list === undefined || list.flow === true) return;
    const line = this.#dashLine(map);
    let start = line;
    while (start > 0 && this.#lineBefore(start).trimStart().startsWith(noteMark))
      start -= this.#lineBefore(start).length;
    const column = this.#dashColumn(map);
    const text = notes.map((note) => `${' '.repeat(column)}${noteMark}${note}\n`).join('');
    if (text !== this.#text.slice(start, line)) this.#splices.replace(start, line, text);
  }

  #remove({ map, list }: Found): void {
    if (list === undefined || list.flow === true)
      throw new RangeError('A capability does not stand in a list of its own lines.');
    this.#splices.replace(this.#commentStart(map), this.#maps.lineEnd(this.#maps.trimmedEnd(map)), '');
  }

  #add({ capability, text }: PreparedDraft): void {
    const list = this.#tops.map((top) => top.get('capabilities')).findLast((found) => isSeq(found));
    const items = isSeq(list) && list.flow !== true ? list.items.filter((item) => isMap(item)) : [];
    const [first] = items;
    if (first === undefined) throw new RangeError('It has no list of capabilities to add to.');
    const next = items.find((item) => String(item.get('id')) > capability.id);
    const own = indented(text, this.#dashColumn(first));
    if (next !== undefined) {
      this.#splices.insert(this.#commentStart(next), own);
      return;
    }
    const end = this.#maps.lineEnd(this.#maps.trimmedEnd(items.at(-1) ?? first));
    this.#splices.insert(end, this.#text[end - 1] === '\n' ? own : `\n${own}`);
  }

  #setShared(metadata: Metadata): void {
    const top = this.#tops.find((candidate) => isSeq(candidate.get('capabilities')));
    if (top === undefined) throw new RangeError('It has no list of capabilities.');
    const shared = top.get('metadata');
    if (!isMap(shared) || shared.items.length === 0) {
      this.#maps.set(top, 'metadata', declaredMetadata(metadata), 'capabilities');
      return;
    }
    for (const [flatKey, value] of Object.entries(metadata)) {
      const place = findFlatKey(shared, flatKey) ?? { map: shared, key: flatKey };
      this.#maps.set(place.map, place.key, declaredValue(value));
    }
  }

  /** Where the line with the item's dash starts. */
  #dashLine(item: YAMLMap): number {
    const line = this.#maps.lineStart(rangeOf(item)[0]);
    if (!/^[ \t]*-[ \t]/.test(this.#text.slice(line))) throw new RangeError('A capability does not start at its dash.');
    return line;
  }

  #dashColumn(item: YAMLMap): number {
    const line = this.#dashLine(item);
    return this.#text.indexOf('-', line) - line;
  }

  /** Where the comments right above an item start. */
  #commentStart(item: YAMLMap): number {
    let start = this.#dashLine(item);
    while (start > 0 && this.#lineBefore(start).trimStart().startsWith('#')) start -= this.#lineBefore(start).length;
    return start;
  }

  #lineBefore(lineStart: number): string {
    return this.#text.slice(this.#maps.lineStart(lineStart - 1), lineStart);
  }
}
