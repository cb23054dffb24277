import { CST, Parser } from 'yaml';

/** `text` for the text of a scalar, null for what is no token. */
export type TokenType = CST.TokenType | 'text' | null;

/** What yaml 2.9.1 keeps in a parser between two tokens, undeclared. */
interface ParserState {
  atNewLine: boolean;
  atScalar: boolean;
  indent: number;
  offset: number;
  source: string;
  type: string;
  step(): Generator<CST.Token, void>;
  pop(error: CST.ErrorToken): Generator<CST.Token, void>;
}

const nothing: readonly CST.Token[] = [];

/**
 * yaml's parser, fed token by token. It does what `Parser.next` does, which reads `process.env` at every token for a debugging switch:
 * that alone is a quarter of the time that loading takes. A test holds both to the same result.
 */
export class TokenParser {
  readonly #parser: Parser;
  readonly #state: ParserState;
  readonly #onNewLine: (offset: number) => void;
  #lineStart = 0;

  /** `onNewLine` gets the offset of each line, that of the first included. */
  constructor(onNewLine: (offset: number) => void) {
    this.#onNewLine = (offset) => {
      this.#lineStart = offset;
      onNewLine(offset);
    };
    this.#parser = new Parser(this.#onNewLine);
    this.#state = this.#parser as unknown as ParserState;
    this.#onNewLine(0);
  }

  /** Of the next token. */
  get offset(): number {
    return this.#state.offset;
  }

  /** Of the next token, from 0. */
  get column(): number {
    return this.#state.offset - this.#lineStart;
  }

  /** The type of the next token, were it this one; a text has none of its own, whatever it looks like. */
  typeOf(token: string): TokenType {
    return this.#state.atScalar ? 'text' : CST.tokenType(token);
  }

  /** Takes the next token of the lexer, of the type that `typeOf` said; gives what it completes. */
  next(token: string, type: TokenType): readonly CST.Token[] {
    const state = this.#state;
    state.source = token;
    if (type === 'scalar') {
      state.atNewLine = false;
      state.atScalar = true;
      state.type = type;
      return nothing;
    }
    if (type === 'text') state.atScalar = false;
    else if (type !== null) state.type = type;
    const completed = collect(type === null ? state.pop(notAToken(state.offset, token)) : state.step());
    if (type === 'doc-mode' || type === 'flow-error-end') return completed;
    if (type !== 'text' && type !== null) this.#followIndentation(token, type);
    state.offset += token.length;
    return completed;
  }

  end(): readonly CST.Token[] {
    return collect(this.#parser.end());
  }

  #followIndentation(token: string, type: CST.TokenType): void {
    const state = this.#state;
    if (type === 'newline') {
      state.atNewLine = true;
      state.indent = 0;
      this.#onNewLine(state.offset + token.length);
    } else if (type === 'space') {
      if (state.atNewLine && token.startsWith(' ')) state.indent += token.length;
    } else if (type === 'explicit-key-ind' || type === 'map-value-ind' || type === 'seq-item-ind') {
      if (state.atNewLine) state.indent += token.length;
    } else state.atNewLine = false;
  }
}

/** Nearly every token completes nothing. */
function collect(tokens: Generator<CST.Token, void>): readonly CST.Token[] {
  const first = tokens.next();
  return first.done === true ? nothing : [first.value, ...tokens];
}

function notAToken(offset: number, source: string): CST.ErrorToken {
  return { type: 'error', offset, message: 'Not a YAML token', source };
}
