import { expect, it } from 'vitest';
import { nodeProblem } from '../src/node-version.ts';

it.each([
  ['22.19.0', true],
  ['22.20.1', true],
  ['24.0.0', true],
  ['22.18.9', false],
  ['20.20.0', false],
  ['9.0.0', false],
])('Node.js %s is new enough: %s', (running, isEnough) => {
  const problem = `This is Node.js ${running}, and Capstan needs 22.19 or newer.`;
  expect(nodeProblem(running, '>=22.19')).toBe(isEnough ? undefined : problem);
});
