import type { Cancellation } from '@capstan/http-egress';

/** A timer that is set for longer fires at once. */
const longestTimerMs = 2_147_483_647;

/** Resolves after the time, or as soon as `signal` aborts. */
export async function pause(milliseconds: number, signal: Cancellation | undefined): Promise<void> {
  if (signal?.aborted === true) return;
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, Math.min(milliseconds, longestTimerMs));
  const listener = { handleEvent: over.resolve };
  signal?.addEventListener('abort', listener);
  try {
    await over.promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', listener);
  }
}
