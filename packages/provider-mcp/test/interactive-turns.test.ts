import { expect, test } from 'vitest';
import { InteractiveTurns } from '../src/interactive-turns.ts';

const never = new AbortController().signal;

/** What entered, in order; each stays until it is let out. */
function crowd(turns: InteractiveTurns) {
  const inside: string[] = [];
  const leave = new Map<string, () => void>();
  return {
    inside,
    enter: async (name: string, alone: boolean, signal = never): Promise<void> => {
      const out = await turns.enter(alone, signal);
      inside.push(name);
      leave.set(name, () => {
        inside.splice(inside.indexOf(name), 1);
        out();
      });
    },
    leave: async (name: string): Promise<void> => {
      leave.get(name)?.();
      await settled();
    },
  };
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('calls that nobody answers for run together, a call that may be asked runs alone', async () => {
  const { inside, enter, leave } = crowd(new InteractiveTurns());
  for (const [name, alone] of [
    ['a', false],
    ['b', false],
    ['asking', true],
  ] as const)
    void enter(name, alone);
  await settled();
  expect(inside).toEqual(['a', 'b']);
  await leave('a');
  expect(inside).toEqual(['b']);
  await leave('b');
  expect(inside).toEqual(['asking']);
});

test('neither kind overtakes the other, so none waits for ever', async () => {
  const { inside, enter, leave } = crowd(new InteractiveTurns());
  for (const [name, alone] of [
    ['asking 1', true],
    ['a', false],
    ['b', false],
    ['asking 2', true],
    ['c', false],
  ] as const)
    void enter(name, alone);
  await settled();
  expect(inside).toEqual(['asking 1']);
  await leave('asking 1');
  expect(inside).toEqual(['a', 'b']);
  await leave('a');
  await leave('b');
  expect(inside).toEqual(['asking 2']);
  await leave('asking 2');
  expect(inside).toEqual(['c']);
});

test('who gives up while waiting is passed over, and holds nobody back', async () => {
  const turns = new InteractiveTurns();
  const { inside, enter, leave } = crowd(turns);
  const caller = new AbortController();
  await enter('a', false);
  const waiting = enter('asking', true, caller.signal);
  void enter('b', false);
  await settled();
  expect(inside).toEqual(['a']);
  caller.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  await settled();
  // Only the one that gave up was in the way.
  expect(inside).toEqual(['a', 'b']);
  await leave('a');
  await leave('b');
  await enter('next', true);
  expect(inside).toEqual(['next']);
});

test('who has given up before does not wait at all', async () => {
  const turns = new InteractiveTurns();
  await turns.enter(true, never);
  await expect(turns.enter(true, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
});
