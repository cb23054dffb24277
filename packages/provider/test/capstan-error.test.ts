import { CapstanError, errorCodes } from '@capstan/provider';
import { describe, expect, it } from 'vitest';

describe('CapstanError', () => {
  it('is recognised across two copies of the package', async () => {
    const copy = (await import('../src/capstan-error.ts?copy' as string)) as typeof import('../src/capstan-error.ts');
    expect(copy.CapstanError).not.toBe(CapstanError);
    expect(CapstanError.isInstance(new copy.CapstanError('TIMEOUT', 'late'))).toBe(true);
    expect(copy.CapstanError.isInstance(new CapstanError('TIMEOUT', 'late'))).toBe(true);
  });

  it('takes no other error, object or nothing for one', () => {
    for (const other of [new Error('late'), { code: 'TIMEOUT' }, 'TIMEOUT', null, undefined]) {
      expect(CapstanError.isInstance(other)).toBe(false);
    }
  });

  it('is retryable as its code says, unless told otherwise', () => {
    expect(new CapstanError('OVERLOADED', 'full').retryable).toBe(true);
    expect(new CapstanError('UPSTREAM_ERROR', 'no', { retryable: false }).retryable).toBe(false);
    expect(new CapstanError('INPUT_INVALID', 'no').retryable).toBe(false);
  });

  it('keeps its cause and shows machines neither cause nor stack', () => {
    const cause = new Error('socket hang up');
    const error = new CapstanError('OVERLOADED', 'full', { cause, retryAfterMs: 50, details: { scope: 'key' } });
    expect(error.cause).toBe(cause);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      code: 'OVERLOADED',
      message: 'full',
      retryable: true,
      retryAfterMs: 50,
      details: { scope: 'key' },
    });
  });
});

describe('errorCodes', () => {
  it('says of every code what it means and what to do', () => {
    for (const { meaning, remedy } of Object.values(errorCodes)) {
      expect(meaning).toMatch(/\.$/);
      expect(remedy).toMatch(/\.$/);
    }
  });
});
