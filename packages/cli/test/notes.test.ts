import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { notesOn } from '../src/notes.ts';

/** A stream that is a terminal of so many columns, and what was written to it. */
const terminal = (columns: number) => {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns });
  return { stream: stream as unknown as NodeJS.WriteStream, written: () => String(stream.read() ?? '') };
};

test('progress on a terminal rewrites one line, which is cleared before anything else is written', () => {
  const { stream, written } = terminal(20);
  const notes = notesOn(stream, { json: false, verbose: false, color: false });
  notes.progress('1 of 2');
  notes.progress('2 of 2, and more text than fits');
  notes.note('over');
  expect(written()).toBe('\r\u001b[2K1 of 2\r\u001b[2K2 of 2, and more t…\r\u001b[2Kover\n');
});

test('control characters from outside become visible', () => {
  const { stream, written } = terminal(80);
  const notes = notesOn(stream, { json: false, verbose: true, color: false });
  notes.progress('\u001b]0;title\u0007');
  notes.note('a\u001b[2Jb\nc\td');
  expect(written()).toBe('\r\u001b[2K\\x1b]0;title\\x07\r\u001b[2Ka\\x1b[2Jb\nc\td\n');
});

test('without a terminal progress is written with --verbose only', () => {
  const stream = new PassThrough({ encoding: 'utf8' });
  const plain = stream as unknown as NodeJS.WriteStream;
  notesOn(plain, { json: false, verbose: false, color: false }).progress('hidden');
  notesOn(plain, { json: false, verbose: true, color: false }).progress('shown');
  expect(stream.read()).toBe('shown\n');
});
