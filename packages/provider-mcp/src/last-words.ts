const maxCharacters = 300;

/** What frames an error but says nothing of it: places in code, Node's version, source that is quoted, brackets. */
const framing = /^(?:\s|Node\.js v\d|(?:node:|file:|[A-Za-z]:\\|\/)\S*:\d+$|[\W_]*$)/;

/** The end of what a process said, without its stack: 300 characters at most, or nothing. For people only. */
export function lastWords(lines: readonly string[]): string | undefined {
  const words: string[] = [];
  let length = 0;
  for (const line of lines.toReversed()) {
    if (framing.test(line)) continue;
    length += line.length + 2;
    if (length > maxCharacters) break;
    words.unshift(line.trim().replace(/\.$/, ''));
  }
  return words.length === 0 ? undefined : words.join('; ');
}
