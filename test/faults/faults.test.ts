import { afterAll, beforeAll, expect, it } from 'vitest';
import { faultyLoad, faultyRuntime } from './faulty-load.ts';
import { FaultyUpstream } from './faulty-upstream.ts';

/** `pnpm test:faults` runs the full size. */
const calls = process.env['CAPSTAN_FAULTS'] === 'full' ? 10_000 : 1_000;

const unhandled: unknown[] = [];
const onUnhandled = (reason: unknown): void => void unhandled.push(reason);

beforeAll(() => {
  process.on('unhandledRejection', onUnhandled);
});

afterAll(() => {
  process.off('unhandledRejection', onUnhandled);
});

it(`answers ${calls} reads while a fault hits one in twenty`, { timeout: 600_000 }, async () => {
  await using upstream = await FaultyUpstream.start();
  await using runtime = await faultyRuntime(upstream);
  const { succeeded, failed, losses, sessionsOpened } = await faultyLoad(runtime, upstream, {
    calls,
    atOnce: 8,
    faultRate: 0.05,
    seed: 5,
  });
  expect(succeeded, JSON.stringify(failed)).toBeGreaterThanOrEqual(calls * 0.999);
  expect(sessionsOpened).toBeLessThanOrEqual(1 + losses);
  expect(unhandled).toEqual([]);
});
