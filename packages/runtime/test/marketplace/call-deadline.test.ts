import { describe, expect, it } from 'vitest';
import { CallDeadline } from '../../src/marketplace/call-deadline.ts';

const limits = { timeoutMs: 1_000, maxTotalMs: 2_000, maxOutputBytes: 1 };

describe('a call that is over', () => {
  it('asks nobody any more, whether it ended or was cancelled', async () => {
    const asked: string[] = [];
    const ask = async (question: string): Promise<string> => {
      asked.push(question);
      return 'yes';
    };
    const ended = new CallDeadline('weather.today', limits, undefined);
    const answer = ended.resting(ask);
    expect(await answer('in time?')).toBe('yes');
    ended.end();
    await expect(answer('late?')).rejects.toMatchObject({ code: 'CANCELLED' });
    const cancelled = new CallDeadline('weather.today', limits, AbortSignal.abort());
    await expect(cancelled.resting(ask)('never?')).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(asked).toEqual(['in time?']);
  });
});
