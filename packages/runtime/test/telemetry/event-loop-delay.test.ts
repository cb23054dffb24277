import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { EventLoopDelay } from '../../src/telemetry/event-loop-delay.ts';

test('counts a blocked event loop as late by the time it was blocked', async () => {
  const delay = new EventLoopDelay();
  await expect.poll(() => delay.read().count).toBeGreaterThan(2);
  const before = delay.read();
  const until = performance.now() + 250;
  while (performance.now() < until);
  await expect.poll(() => delay.read().count).toBeGreaterThan(before.count);
  const { counts, sum, count, boundaries } = delay.read();
  delay.close();
  const late = counts.slice(boundaries.indexOf(0.2)).reduce((total, inBucket) => total + inBucket, 0);
  expect(late).toBeGreaterThanOrEqual(1);
  expect(late).toBeLessThan(count);
  expect(counts.at(-1)).toBe(0);
  expect(sum - before.sum).toBeGreaterThan(0.2);
  expect(counts.reduce((total, inBucket) => total + inBucket, 0)).toBe(count);
});

test('has nothing to say before the first sample', () => {
  const delay = new EventLoopDelay();
  const { counts, sum, count } = delay.read();
  delay.close();
  expect({ counted: counts.some((inBucket) => inBucket > 0), sum, count }).toEqual({
    counted: false,
    sum: 0,
    count: 0,
  });
});

test('keeps no process alive', async () => {
  const file = fileURLToPath(new URL('../../src/telemetry/event-loop-delay.ts', import.meta.url));
  const script = `import { EventLoopDelay } from ${JSON.stringify(file)}; new EventLoopDelay(); console.log('started');`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
    timeout: 20_000,
  });
  expect(stdout).toBe('started\n');
});
