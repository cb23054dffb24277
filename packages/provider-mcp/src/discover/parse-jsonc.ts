/** Parses JSON as editors write it: with comments, trailing commas and a byte order mark. Throws `SyntaxError`. */
export function parseJsonc(text: string): unknown {
  // A string, a comment, or a comma with nothing but blanks and comments before a closing bracket. Strings match first, so that nothing is found inside them.
  const pieces = /("(?:[^"\\]|\\.)*")|\/\/[^\n]*|\/\*[\s\S]*?\*\/|,(?=(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*[}\]])/g;
  return JSON.parse(text.replace(/^\uFEFF/, '').replaceAll(pieces, (_, string: string | undefined) => string ?? ''));
}
