import { CapstanError, type ErrorCode } from '@capstan/provider';
import type { EgressStream } from '../egress.ts';
import { shownUrl } from '../egress-error.ts';
import { retryAfterMs } from '../retry-after.ts';

/** Which call of a login: shown in messages. */
export type LoginStep = 'login' | 'CSRF' | 'refresh' | 'logout';

interface Failure {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly advice: string;
}

const refused: Failure = {
  code: 'UNAUTHORIZED',
  retryable: false,
  advice:
    'Check the values of the variables that hold the credentials, and the status that the login is to answer with',
};
const busy: Failure = { code: 'OVERLOADED', retryable: true, advice: 'Try again later' };
const broken: Failure = { code: 'UPSTREAM_ERROR', retryable: true, advice: 'Try again, or report it to the upstream' };
const wrong: Failure = { code: 'UPSTREAM_ERROR', retryable: false, advice: 'Check the URL and method of this call' };

const failureFor = (status: number): Failure => {
  if (status === 408 || status === 425 || status === 429 || status === 503) return busy;
  if (status >= 500) return broken;
  // Not the credentials, but the declaration.
  return status === 404 || status === 405 || status === 415 || status === 307 || status === 308 ? wrong : refused;
};

/** A call of the login that the upstream answered with another status than it should. No text of the upstream is in it, which may repeat a secret. */
export const loginRefused = (step: LoginStep, url: URL, { status, headers }: EgressStream): CapstanError => {
  const { code, retryable, advice } = failureFor(status);
  const header = headers['retry-after'];
  const wait = code === 'OVERLOADED' && typeof header === 'string' ? retryAfterMs(header) : undefined;
  return new CapstanError(code, `The ${step} call to ${shownUrl(url)} was answered with status ${status}. ${advice}.`, {
    retryable,
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
    details: { reason: 'login', sent: false, status },
  });
};

/** The status was right, and what the session needs is not in the answer. `missing`: half a sentence. */
export const loginIncomplete = (step: LoginStep, url: URL, status: number, missing: string): CapstanError =>
  new CapstanError(
    'UNAUTHORIZED',
    `The ${step} call to ${shownUrl(url)} was answered with status ${status}, but ${missing}. Check the credentials, and where the answer is said to hold it.`,
    { details: { reason: 'login', sent: false, status } },
  );

export const foreignOrigin = (url: URL, origins: readonly string[]): CapstanError =>
  new CapstanError(
    'MANIFEST_INVALID',
    `The login is for ${origins.join(' and ')}, and ${shownUrl(url)} has another origin. Nothing was sent; declare a login of its own for it.`,
    { details: { reason: 'login', sent: false } },
  );

export const loggedOut = (url: URL): CapstanError =>
  new CapstanError('SESSION_LOST', `The session at ${url.host} was logged out. Open a new one.`, {
    details: { reason: 'login', sent: false },
  });
