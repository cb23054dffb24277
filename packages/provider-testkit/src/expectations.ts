import { CapstanError, errorCodes } from '@capstan/provider';
import { ContractViolation } from './contract-check.ts';

const pollMs = 5;
const patienceMs = 3000;

/** Throws a `ContractViolation` with `seen` unless `condition` holds. */
export function expects(condition: boolean, seen: string): asserts condition {
  if (!condition) throw new ContractViolation(seen);
}

/** Waits for what an upstream will have seen in a moment; after 3 s it is a violation. */
export async function eventually(condition: () => boolean, seen: () => string): Promise<void> {
  const endsAt = Date.now() + patienceMs;
  while (!condition()) {
    if (Date.now() >= endsAt) throw new ContractViolation(seen());
    await new Promise<void>((resolve) => setTimeout(resolve, pollMs));
  }
}

/** The promise, or a violation where it has not settled within `limitMs`. */
export async function within<T>(promise: Promise<T>, limitMs: number, what: string): Promise<T> {
  const limit = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    limit.reject(new ContractViolation(`${what} has not settled after ${limitMs} ms.`));
  }, limitMs);
  try {
    return await Promise.race([promise, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** What a promise rejects with, or undefined where it resolves. */
export async function rejection(promise: Promise<unknown>): Promise<{ readonly error: unknown } | undefined> {
  return await promise.then(
    () => undefined,
    (error: unknown) => ({ error }),
  );
}

/** The `CapstanError` that a call rejects with, checked for its shape. */
export async function failureOf(promise: Promise<unknown>, what: string): Promise<CapstanError> {
  const rejected = await rejection(promise);
  expects(rejected !== undefined, `${what} was answered instead of refused.`);
  return typedError(rejected.error, what);
}

/** The error as a `CapstanError` whose code, words and `retryable` agree. */
export function typedError(error: unknown, what: string): CapstanError {
  expects(CapstanError.isInstance(error), `${what} rejected with ${String(error)}, which is no CapstanError.`);
  const { code, message, retryable } = error;
  expects(Object.hasOwn(errorCodes, code), `${what} rejected with the unknown code ${code}.`);
  expects(message.trim() !== '', `${what} rejected with ${code} and no message.`);
  // Only of an upstream's own error does a plugin know better than the table.
  const agrees = code === 'UPSTREAM_ERROR' || retryable === errorCodes[code].retryable;
  expects(agrees, `${what} rejected with ${code} and retryable: ${retryable}, which the table of codes denies.`);
  return error;
}
