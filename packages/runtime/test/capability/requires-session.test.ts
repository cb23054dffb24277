import { requiresSession } from '@capstan/runtime';
import { describe, expect, it } from 'vitest';

describe('requiresSession', () => {
  it.each([
    ['auto', 'auto'],
    ['true', 'required'],
    [true, 'required'],
    ['false', 'never'],
    [false, 'never'],
  ] as const)('reads %j as %s, whatever the prefix', (value, mode) => {
    for (const key of ['counter_requires_session', 'anybodys_requires_session']) {
      expect(requiresSession({ other: 1, [key]: value }).mode).toBe(mode);
    }
  });

  it('says which key decided', () => {
    expect(requiresSession({ counter_requires_session: 'auto' })).toEqual({
      mode: 'auto',
      key: 'counter_requires_session',
      value: 'auto',
    });
  });

  it('needs no session where no key says so', () => {
    expect(requiresSession({ counter_server_url: 'x', requires_sessions: true }).mode).toBe('never');
  });

  it('takes the strictest of several keys', () => {
    const metadata = { a_requires_session: 'false', b_requires_session: 'auto', c_requires_session: 'true' };
    expect(requiresSession(metadata)).toMatchObject({ mode: 'required', key: 'c_requires_session' });
  });

  it('never skips a session because a value is unknown', () => {
    expect(requiresSession({ counter_requires_session: 'yes' }).mode).toBe('required');
  });
});
