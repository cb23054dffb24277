import { CapstanError } from '@capstan/provider';
import { describe, expect, test } from 'vitest';
import { describeError } from '../src/describe-error.ts';
import { UsageError } from '../src/usage-error.ts';

const plain = { paint: (_format: unknown, text: string): string => text };
const lastLine = (error: unknown): string | undefined => describeError(error, plain).split('\n').at(-1);

describe('describeError', () => {
  test.each([
    [1, '1 s'],
    [29_001, '30 s'],
    [119_000, '119 s'],
    [121_000, '3 min'],
  ])('after a refusal for %i ms tells to wait %s', (retryAfterMs, wait) => {
    for (const code of ['OVERLOADED', 'CIRCUIT_OPEN'] as const)
      expect(lastLine(new CapstanError(code, 'No.', { retryAfterMs }))).toBe(`  Wait ${wait}, then try again.`);
  });

  test('names no time to wait where none is known', () => {
    expect(lastLine(new CapstanError('OVERLOADED', 'No.'))).toBe('  Wait a little, then try again.');
  });

  test('sends to the help only where the help would have told', () => {
    expect(lastLine(new UsageError('Unknown option.', { helpTells: true }))).toContain('capstan --help');
    expect(describeError(new UsageError('The configuration is bad.'), plain)).toBe(
      'error USAGE: The configuration is bad.',
    );
  });

  test('does not say that nothing happened after a cancelled call', () => {
    expect(lastLine(new CapstanError('CANCELLED', 'Cancelled.'))).toContain('find out at the upstream');
  });
});
