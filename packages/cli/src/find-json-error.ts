/** Where a text stops being JSON (RFC 8259), and what should stand there. Lines and columns count from 1. */
export interface JsonError {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  /** The text from there on, shortened; empty where the text is over. */
  readonly seen: string;
}

const longestSeen = 20;
const deepest = 1_000;
const space = /[ \t\r\n]*/y;
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)/y;
// oxlint-disable-next-line no-control-regex
const string = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"/y;

/** Undefined where the text is JSON. `JSON.parse` says the same, but its messages often tell no position. */
export function findJsonError(text: string): JsonError | undefined {
  const scanner = new Scanner(text);
  const expected = scanner.value(0) ?? scanner.end();
  return expected === undefined ? undefined : place(text, scanner.offset, expected);
}

/** Each method moves on over what it is named after, or stays and says what it expected. */
class Scanner {
  offset = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  value(depth: number): string | undefined {
    this.#skip(space);
    if (depth > deepest) return 'less depth';
    if (this.#next('{')) return this.#items('}', () => this.#member(depth));
    if (this.#next('[')) return this.#items(']', () => this.value(depth + 1));
    return this.#skip(scalar) || this.#skip(string) ? undefined : 'a value';
  }

  end(): string | undefined {
    this.#skip(space);
    return this.offset === this.#text.length ? undefined : 'the end';
  }

  #items(close: string, item: () => string | undefined): string | undefined {
    this.#skip(space);
    if (this.#next(close)) return undefined;
    for (;;) {
      const expected = item();
      if (expected !== undefined) return expected;
      this.#skip(space);
      if (this.#next(close)) return undefined;
      if (!this.#next(',')) return `"," or "${close}"`;
    }
  }

  #member(depth: number): string | undefined {
    this.#skip(space);
    if (!this.#skip(string)) return 'a property name in double quotes';
    this.#skip(space);
    return this.#next(':') ? this.value(depth + 1) : '":"';
  }

  #next(character: string): boolean {
    if (this.#text[this.offset] !== character) return false;
    this.offset++;
    return true;
  }

  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.#text);
    if (found !== null) this.offset = pattern.lastIndex;
    return found !== null;
  }
}

function place(text: string, offset: number, expected: string): JsonError {
  const before = text.slice(0, offset);
  const line = before.split('\n').length;
  const rest = text.slice(offset);
  const seen = rest.length > longestSeen ? `${rest.slice(0, longestSeen)}…` : rest;
  return { line, column: offset - before.lastIndexOf('\n'), expected, seen };
}
