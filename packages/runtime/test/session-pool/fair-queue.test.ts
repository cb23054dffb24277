import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue } from '../../src/session-pool/fair-queue.ts';

interface Entry {
  readonly lane: string;
  readonly n: number;
}

function queueOf(limit: number, ...lanes: string[]): FairQueue<Entry> {
  const queue = new FairQueue<Entry>();
  queue.limit = limit;
  lanes.forEach((lane, n) => queue.push({ lane, n }));
  return queue;
}

function order(queue: FairQueue<Entry>): string {
  const served: string[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) served.push(`${next.lane}${next.n}`);
  return served.join(' ');
}

describe('FairQueue', () => {
  it('serves lanes in turn, and each lane in the order of arrival', () => {
    expect(order(queueOf(10, 'a', 'a', 'a', 'b', 'c', 'b'))).toBe('a0 b3 c4 a1 b5 a2');
  });

  it('gives a newcomer the place of the fullest lane’s newest entry', () => {
    const queue = queueOf(3, 'a', 'a', 'a');
    expect(queue.push({ lane: 'b', n: 9 })).toEqual({ lane: 'a', n: 2 });
    expect(order(queue)).toBe('a0 b9 a1');
  });

  it('refuses a newcomer whose lane holds as much as any other', () => {
    const queue = queueOf(2, 'a', 'b');
    const entry = { lane: 'a', n: 9 };
    expect(queue.push(entry)).toBe(entry);
    const third = { lane: 'c', n: 9 };
    expect(queue.push(third)).toBe(third);
    expect(queue.size).toBe(2);
  });

  it('never holds more than its limit, never loses an entry, and spreads the places evenly over those that want them', () => {
    const arrivals = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 60 });
    fc.assert(
      fc.property(arrivals, fc.integer({ min: 0, max: 12 }), (lanes, limit) => {
        const queue = queueOf(limit);
        const gone: Entry[] = [];
        lanes.forEach((lane, n) => {
          const displaced = queue.push({ lane, n });
          if (displaced !== undefined) gone.push(displaced);
          expect(queue.size).toBeLessThanOrEqual(limit);
        });
        const left = queue.drain();
        expect(left.length + gone.length).toBe(lanes.length);
        const held = (lane: string): number => left.filter((entry) => entry.lane === lane).length;
        for (const { lane } of gone)
          for (const { lane: other } of left) expect(held(other)).toBeLessThanOrEqual(held(lane) + 1);
      }),
      { numRuns: 2_000, seed: 11 },
    );
  });

  it('forgets an entry that leaves', () => {
    const queue = queueOf(5, 'a');
    const entry = { lane: 'b', n: 1 };
    queue.push(entry);
    expect(queue.remove(entry)).toBe(true);
    expect(queue.remove(entry)).toBe(false);
    expect(order(queue)).toBe('a0');
  });
});
