import { describe, expect, test } from 'vitest';
import { checkSettings } from '../src/check-settings.ts';

describe('checkSettings', () => {
  test('accepts what the runtime knows', () => {
    const config = {
      calls: { timeoutMs: 1 },
      sessions: { maxConcurrency: undefined, queueLimit: 4 },
      egress: { allow: ['10.0.0.0/8'], strict: false },
    };
    expect(() => checkSettings(config, 'it')).not.toThrow();
  });

  test.each([
    [{ sessions: { idleTimeoutMS: 1 } }, 'Unknown key "sessions.idleTimeoutMS" in it. Did you mean "idleTimeoutMs"?'],
    [{ egress: { zzz: 1 } }, 'Unknown key "egress.zzz" in it. Known: allow, strict.'],
    [{ calls: { timeoutMs: 0 } }, 'In it, "calls.timeoutMs" must be a positive number, not 0.'],
    [{ calls: { timeoutMs: Number.NaN } }, 'must be a positive number, not NaN.'],
    [{ calls: { maxTotalMs: '5' } }, 'must be a positive number, not "5".'],
    [{ calls: { maxTotalMs: undefined } }, 'must be a positive number, not undefined.'],
    [{ egress: { allow: 'all' } }, 'In it, "egress.allow" must be a list of texts, not "all".'],
    [{ egress: { strict: 'yes' } }, 'In it, "egress.strict" must be true or false, not "yes".'],
    [{ sessions: [] }, 'In it, "sessions" must be an object.'],
  ])('refuses %j', (config, message) => {
    expect(() => checkSettings(config, 'it')).toThrow(message);
  });
});
