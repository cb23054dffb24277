import fc from 'fast-check';
import { Lexer, Parser } from 'yaml';
import { describe, expect, it } from 'vitest';
import { TokenParser } from '../../src/manifest/token-parser.ts';

/** Everything that YAML gives a meaning, in pieces. */
const pieces = [
  'a',
  'b: ',
  '- ',
  '? ',
  ': ',
  '\n',
  '\n  ',
  '\n    ',
  ' ',
  '\t',
  '{',
  '}',
  '[',
  ']',
  ', ',
  '"q"',
  "'q",
  '|\n',
  '>-\n',
  '#c',
  '&x ',
  '*x',
  '!t ',
  '---\n',
  '...\n',
  '%YAML 1.2\n',
  '\r\n',
  '\uFEFF',
  '<<',
  '"a\n b"',
];

function ours(text: string): unknown {
  const lines: number[] = [];
  const parser = new TokenParser((offset) => lines.push(offset));
  const found: unknown[] = [];
  for (const token of new Lexer().lex(text)) found.push(...parser.next(token, parser.typeOf(token)));
  return { lines, found: [...found, ...parser.end()] };
}

function theirs(text: string): unknown {
  const lines: number[] = [];
  return { found: [...new Parser((offset) => lines.push(offset)).parse(text)], lines };
}

describe('TokenParser', () => {
  it('finds what the parser of yaml finds', () => {
    const text = fc.array(fc.constantFrom(...pieces), { maxLength: 40 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, (source) => {
        expect(ours(source)).toEqual(theirs(source));
      }),
      { seed: 2, numRuns: 3000 },
    );
  });
});
