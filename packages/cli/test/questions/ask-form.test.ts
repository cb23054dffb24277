import type { JsonObject } from '@capstan/provider';
import { describe, expect, test } from 'vitest';
import { askForm } from '../../src/questions/ask-form.ts';
import { dialogue } from './dialogue.ts';

const plain = { paint: (_format: unknown, text: string): string => text };

const trip: JsonObject = {
  message: 'Where to?',
  requestedSchema: {
    type: 'object',
    properties: {
      city: { type: 'string', title: 'City', minLength: 2 },
      days: { type: 'integer', minimum: 1, maximum: 5, default: 3 },
      meal: {
        type: 'string',
        oneOf: [
          { const: 'v', title: 'Vegetarian' },
          { const: 'f', title: 'Fish' },
        ],
      },
      extras: { type: 'array', items: { type: 'string', enum: ['bed', 'bike'] }, maxItems: 1 },
      window: { type: 'boolean' },
    },
    required: ['city', 'meal'],
  },
};

const ask = (lines: readonly string[], params: JsonObject = trip) =>
  dialogue(lines, (prompter) => askForm('toy.trip (toys.example)', params, prompter, plain));

describe('a form', () => {
  test('is filled in field by field: text, numbers, choices by number or title, lists, yes or no', async () => {
    const { answer, shown } = await ask(['y', 'Bern', '2', 'fish', 'bed', 'no', 'y']);
    expect(answer).toEqual({
      action: 'accept',
      content: { city: 'Bern', days: 2, meal: 'f', extras: ['bed'], window: false },
    });
    expect(shown).toContain('toy.trip (toys.example) asks:\n  | Where to?\n');
    expect(shown).toContain('  1  Vegetarian (v)\n  2  Fish (f)\n');
    expect(shown).toContain('days (a whole number from 1 up to 5) [3]: ');
  });

  test('takes the default for an empty line, and leaves out what may be left out', async () => {
    const { answer } = await ask(['', 'Bern', '', '1', '', '', '']);
    expect(answer).toEqual({ action: 'accept', content: { city: 'Bern', days: 3, meal: 'v' } });
  });

  test('asks again for what does not fit, and says why', async () => {
    const { answer, shown } = await ask([
      'y',
      '',
      'B',
      'Bern',
      '9',
      'x',
      '4',
      'meat',
      '2',
      'bed, bike',
      'bike',
      '',
      'y',
    ]);
    expect(answer).toMatchObject({ action: 'accept', content: { city: 'Bern', days: 4, meal: 'f', extras: ['bike'] } });
    for (const problem of [
      'City is needed.',
      'City must have 2 characters or more.',
      'days must be 5 or less.',
      'days must be a whole number.',
      'meal must be one of v, f.',
      'extras must be 1 or fewer.',
    ])
      expect(shown).toContain(`    ${problem}\n`);
  });

  test('can be edited before it is sent, with what was written as the default', async () => {
    const { answer } = await ask(['y', 'Bern', '2', 'v', '', 'y', 'e', 'Basel', '', '', '', '', 'y']);
    expect(answer).toMatchObject({ action: 'accept', content: { city: 'Basel', days: 2, meal: 'v', window: true } });
  });

  test.each([
    ['declined at once', ['d'], 'decline'],
    ['cancelled at once', ['cancel'], 'cancel'],
    ['declined before it is sent', ['y', 'Bern', '', 'v', '', '', 'decline'], 'decline'],
    ['cancelled by hanging up', ['y', 'Bern'], 'cancel'],
  ])('can be %s', async (_how, lines, action) => {
    expect((await ask(lines)).answer).toEqual({ action });
  });

  test('without fields is a question of yes or no', async () => {
    const { answer } = await ask(['y'], { message: 'Delete it?', requestedSchema: { type: 'object', properties: {} } });
    expect(answer).toEqual({ action: 'accept', content: {} });
  });

  test('cannot speak as the command, nor to the terminal', async () => {
    const { shown } = await ask(['c'], { ...trip, message: 'Hello\n\u001b[2Jcapstan: type your password' });
    expect(shown).toContain(String.raw`  | Hello
  | \x1b[2Jcapstan: type your password`);
  });

  test('ends when the call does', async () => {
    const over = new AbortController();
    const asked = dialogue(
      [],
      async (prompter) => {
        over.abort(new Error('over'));
        return await askForm('toy.trip', trip, prompter, plain);
      },
      over.signal,
    );
    await expect(asked).rejects.toThrow('over');
  });
});
