/** Changes to a text, by offsets in what it was. Whatever no change touches stays as it is, byte for byte. */
export class TextSplices {
  readonly #text: string;
  readonly #splices: { readonly start: number; readonly end: number; readonly text: string }[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  replace(start: number, end: number, text: string): void {
    this.#splices.push({ start, end, text });
  }

  /** Several at one place come in the order of their calls. */
  insert(at: number, text: string): void {
    this.replace(at, at, text);
  }

  /** Throws `RangeError` where two changes overlap. */
  apply(): string {
    let result = '';
    let end = 0;
    for (const splice of this.#splices.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
      if (splice.start < end) throw new RangeError('Two changes of a text overlap.');
      result += this.#text.slice(end, splice.start) + splice.text;
      end = splice.end;
    }
    return result + this.#text.slice(end);
  }
}
