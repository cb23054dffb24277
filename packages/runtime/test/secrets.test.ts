import { type Capability, CapstanError } from '@capstan/provider';
import { Secrets } from '@capstan/runtime';
import { describe, expect, it } from 'vitest';

const context = { caller: {}, capability: {} as Capability };
const canary = 'canary-4711';

async function holding(value = canary): Promise<Secrets> {
  const secrets = new Secrets({ read: async () => value });
  await secrets.read('COUNTER_TOKEN', context);
  return secrets;
}

describe('Secrets', () => {
  it('removes a value that was read from texts, keys and nested values', async () => {
    const secrets = await holding();
    const clean = secrets.redact({ [canary]: [`Bearer ${canary}`, { deep: { text: `x${canary}y` } }], untouched: 1 });
    expect(JSON.stringify(clean)).not.toContain(canary);
    expect(clean).toEqual({
      '[redacted COUNTER_TOKEN]': ['Bearer [redacted COUNTER_TOKEN]', { deep: { text: 'x[redacted COUNTER_TOKEN]y' } }],
      untouched: 1,
    });
  });

  it('hands back the very value where there is nothing to remove', async () => {
    const value = { list: [{ text: 'fine' }] };
    expect((await holding()).redact(value)).toBe(value);
  });

  it('removes it from messages, stacks, details and causes of an error, and keeps the error', async () => {
    const cause = Object.assign(new TypeError(`fetch failed for ${canary}`), { headers: { authorization: canary } });
    const error = new CapstanError('UPSTREAM_ERROR', `refused ${canary}`, { cause, details: { seen: canary } });
    const clean = (await holding()).redactError(error);
    expect(clean).toBe(error);
    expect(clean).toBeInstanceOf(CapstanError);
    const seen = [clean.message, clean.stack, JSON.stringify(clean), cause.message, cause.stack, JSON.stringify(cause)];
    expect(seen.join('\n')).not.toContain(canary);
  });

  it('leaves values alone that are too short to be told from chance', async () => {
    expect((await holding('on')).redact('carry on')).toBe('carry on');
  });
});
