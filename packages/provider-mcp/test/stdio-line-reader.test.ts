import { expect, test } from 'vitest';
import { StdioLineReader } from '../src/stdio-line-reader.ts';

function read(chunks: readonly (string | Buffer)[], maxBytes = 100) {
  const lines: string[] = [];
  const reader = new StdioLineReader({ maxBytes });
  const ok = chunks.every((chunk) => reader.push(Buffer.from(chunk), (line) => lines.push(line)));
  return { lines, ok };
}

test.each([
  ['several lines in one chunk', ['a\nb\n', '\n'], ['a', 'b', '']],
  ['a line in many chunks', ['a', 'b', 'c\nd', '\n'], ['abc', 'd']],
  ['no line that has not ended', ['a\nb'], ['a']],
])('reads %s', (_, chunks, lines) => {
  expect(read(chunks)).toEqual({ lines, ok: true });
});

test('reads a character that two chunks share', () => {
  const [euro] = [Buffer.from('€\n')];
  expect(read([euro.subarray(0, 1), euro.subarray(1, 2), euro.subarray(2)]).lines).toEqual(['€']);
});

test.each([
  ['in one chunk', ['a\n12345678901\nb\n']],
  ['that has not ended', ['a\n', '123456', '78901']],
  ['that ends in a later chunk', ['a\n', '123456', '78901\n']],
])('stops at a line beyond the limit %s', (_, chunks) => {
  expect(read(chunks, 10)).toEqual({ lines: ['a'], ok: false });
});

test('takes a line of exactly the limit', () => {
  expect(read(['12345', '67890\n'], 10)).toEqual({ lines: ['1234567890'], ok: true });
});

// Gathering them anew for each chunk would copy half a terabyte.
test('reads 16 MiB in chunks of 256 bytes without copying all of it for each', () => {
  const chunk = Buffer.alloc(256, 'x');
  const lines: string[] = [];
  const reader = new StdioLineReader({ maxBytes: 16_777_216 });
  for (let count = 0; count < 65_536; count += 1) reader.push(chunk, (line) => lines.push(line));
  reader.push(Buffer.from('\nnext\n'), (line) => lines.push(line));
  expect(lines.map(({ length }) => length)).toEqual([16_777_216, 4]);
});
