import { expect, test } from 'vitest';
import { SharedTask } from '../src/shared-task.ts';
import { rejection } from './upstream.ts';

test('all who ask meanwhile share one task, and the next begins anew', async () => {
  const task = new SharedTask<number>();
  let started = 0;
  const start = () => Promise.resolve((started += 1));
  expect(await Promise.all([task.run(start), task.run(start), task.run(start)])).toEqual([1, 1, 1]);
  expect(await task.run(start)).toBe(2);
});

test('a failure is shared too, and not kept', async () => {
  const task = new SharedTask<number>();
  const fail = () => Promise.reject(new Error('no'));
  const [first, second] = await Promise.all([rejection(task.run(fail)), rejection(task.run(fail))]);
  expect(first).toBe(second);
  expect(await task.run(() => Promise.resolve(1))).toBe(1);
});

test('it goes on while somebody waits, and is aborted when the last one gave up', async () => {
  const task = new SharedTask<void>();
  const signals: AbortSignal[] = [];
  const start = (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<void>(() => undefined);
  };
  const [first, second] = [new AbortController(), new AbortController()];
  const waiting = [rejection(task.run(start, first.signal)), rejection(task.run(start, second.signal))];
  first.abort('one');
  expect(await waiting[0]).toBe('one');
  expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  second.abort('two');
  expect(await waiting[1]).toBe('two');
  expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  // One who comes now does not join what was aborted.
  expect(await task.run(() => Promise.resolve())).toBeUndefined();
});

test('with a signal that aborted before, nothing starts', async () => {
  const task = new SharedTask<void>();
  const run = task.run(() => expect.unreachable(), AbortSignal.abort('before'));
  expect(await rejection(run)).toBe('before');
});
