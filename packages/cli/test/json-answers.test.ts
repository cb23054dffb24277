import { afterEach, expect, test, vi } from 'vitest';
import { jsonAnswers } from '../src/json-answers.ts';
import { notesOn } from '../src/notes.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('control characters that JSON allows are escaped, and mean the same', () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const document = { text: 'a\u001b[2J\u007f\u009b2Jé世界' };
  jsonAnswers(notesOn(process.stderr, { json: true, verbose: false, color: false })).answer({
    document,
    text: () => '',
  });
  const written = String(write.mock.calls[0]?.[0]);
  expect(written).toContain('\\u001b[2J\\u007f\\u009b2Jé世界');
  expect(JSON.parse(written)).toEqual(document);
});
