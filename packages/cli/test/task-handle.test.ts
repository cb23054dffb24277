import { expect, test } from 'vitest';
import { handleText, parseHandle, shellWord } from '../src/task-handle.ts';
import { UsageError } from '../src/usage-error.ts';

test.each([{ id: 'pot-1' }, { id: 'pot 1', state: { shelf: 3 } }, { id: '{odd' }])(
  '%j is written as one word and read again',
  (handle) => {
    expect(parseHandle(handleText(handle))).toEqual(handle);
  },
);

test.each(['{', '{}', '{"id": 1}', '{"id": "a", "state": []}'])('%s is no handle', (text) => {
  expect(() => parseHandle(text)).toThrow(UsageError);
});

test('is quoted where a shell would read more into it', () => {
  expect(shellWord('pot-1')).toBe('pot-1');
  expect(shellWord(`it's $HOME`)).toBe(String.raw`'it'\''s $HOME'`);
});
