import type { TokenType } from './token-parser.ts';
import { deepestNesting } from './value-rules.ts';

/**
 * Counts nesting on the tokens of a YAML text, so that a text nested too deeply is given up before anything recurses into it.
 * Never counts more levels than there are; it may count up to half as many, so the exact count is taken on what was parsed.
 */
export class NestingGuard {
  /** Columns of the block collections that are open, outermost first. */
  #columns: number[] = [];
  #flowDepth = 0;
  /** Where the first node of the line starts, or that after the last indicator; -1 before it. */
  #nodeColumn = -1;

  /** Takes the next token of the lexer, its type and the column where it starts; false when it opens a level too many. */
  accepts(type: TokenType, column: number): boolean {
    switch (type) {
      case 'space':
      case 'scalar':
      case 'comma':
      case 'comment':
        return true;
      case 'newline':
        this.#nodeColumn = -1;
        return true;
      case 'seq-item-ind':
      case 'explicit-key-ind':
        return this.#open(column);
      case 'map-value-ind':
        return this.#open(this.#nodeColumn < 0 ? column : this.#nodeColumn);
      case 'flow-map-start':
      case 'flow-seq-start':
        if (this.#nodeColumn < 0) this.#nodeColumn = column;
        this.#flowDepth++;
        return this.#isAcceptable();
      case 'flow-map-end':
      case 'flow-seq-end':
        this.#flowDepth = Math.max(0, this.#flowDepth - 1);
        return true;
      case 'doc-start':
      case 'doc-mode':
        this.#columns = [];
        this.#flowDepth = 0;
        return true;
      case 'flow-error-end':
        this.#flowDepth = 0;
        return true;
      default:
        if (this.#nodeColumn < 0) this.#nodeColumn = column;
        return true;
    }
  }

  #open(column: number): boolean {
    if (this.#flowDepth > 0) return true;
    while ((this.#columns.at(-1) ?? -1) > column) this.#columns.pop();
    if (this.#columns.at(-1) !== column) this.#columns.push(column);
    this.#nodeColumn = -1;
    return this.#isAcceptable();
  }

  #isAcceptable(): boolean {
    return this.#columns.length + this.#flowDepth <= deepestNesting;
  }
}
