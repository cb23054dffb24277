import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ToyWorkspace, toyWorkspace } from './toy-workspace.ts';

const canary = 'canary-5d0f3c1e';

let toys: ToyWorkspace;
beforeAll(async () => {
  toys = await toyWorkspace();
});
afterAll(async () => {
  await toys[Symbol.asyncDispose]();
});

describe.concurrent('a secret in the environment', () => {
  test.each([
    ['toy.parrot', '--verbose'],
    ['toy.parrotError', '--verbose'],
    ['toy.parrotError', '--json'],
  ])('stays out of everything printed by: call %s %s', async (...args) => {
    const { stdout, stderr } = await toys.run(['call', ...args], { environment: { TOY_TOKEN: canary } });
    expect(stdout + stderr).not.toContain(canary);
    expect(stdout + stderr).toContain('[redacted TOY_TOKEN]');
  });
});
