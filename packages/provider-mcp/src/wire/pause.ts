import type { Cancellation } from '@capstan/http-egress';

/** Resolves after the time, or as soon as `signal` aborts. */
export async function pause(milliseconds: number, signal: Cancellation | undefined): Promise<void> {
  if (signal?.aborted === true) return;
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, milliseconds);
  const listener = { handleEvent: over.resolve };
  signal?.addEventListener('abort', listener);
  try {
    await over.promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', listener);
  }
}
