import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { OutputTail } from '../src/output-tail.ts';

async function tailOf(chunks: readonly string[], maxBytes: number, count = 20): Promise<readonly string[]> {
  const tail = new OutputTail({ maxBytes });
  const stream = new PassThrough();
  tail.drain(stream);
  for (const chunk of chunks) stream.write(chunk);
  stream.end();
  return tail.lastLines(count, 1000);
}

test.each([
  ['nothing of a silent process', [], []],
  ['all that fits, however it was cut', ['on', 'e\r\ntw', 'o\n'], ['one', 'two']],
  [
    'the last lines of more, and no rest of a line before them',
    ['secret-1\n', 'secret-2\nsecret', '-3\n'],
    ['secret-3'],
  ],
  ['the last lines of a chunk that is larger than the ring', ['1234567890123456789012\nend\n'], ['end']],
  ['nothing of a line that is larger than the ring', ['12345678901234567890123'], []],
])('keeps %s', async (_, chunks, lines) => {
  expect(await tailOf(chunks, 16)).toEqual(lines);
});

test('keeps the last of many small writes', async () => {
  const chunks = Array.from({ length: 1000 }, (_, index) => `${index}\n`);
  expect(await tailOf(chunks, 64, 3)).toEqual(['997', '998', '999']);
});

test('gives what there is after the wait, where the stream does not end', async () => {
  const tail = new OutputTail({ maxBytes: 16 });
  const stream = new PassThrough();
  tail.drain(stream);
  stream.write('so far\n');
  expect(await tail.lastLines(20, 10)).toEqual(['so far']);
  stream.destroy();
});
