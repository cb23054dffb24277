import { EgressError, shownUrl } from './egress-error.ts';

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const keepsMethod = (status: number): boolean => status === 307 || status === 308;

/**
 * Where an answer sends the request, if it is to be followed: on the same origin, GET and HEAD always, other methods for 307 and 308, which say that
 * the upstream did not process the request. Undefined: the answer is no redirect, or is handed to the caller.
 * @throws {EgressError} `redirect` for another origin (https to http included), an unreadable target, or one redirect too many.
 */
export const redirectTarget = (
  from: URL,
  method: string,
  status: number,
  headers: Headers,
  redirectsLeft: number,
): URL | undefined => {
  const location = headers['location'];
  if (location === undefined || !(status === 301 || status === 302 || status === 303 || keepsMethod(status)))
    return undefined;
  if (method !== 'GET' && method !== 'HEAD' && !keepsMethod(status)) return undefined;
  const target = typeof location === 'string' ? URL.parse(location, from.href) : null;
  if (target === null) throw refusal(`${shownUrl(from)} redirects to what is no URL`);
  if (target.origin !== from.origin || target.username !== '' || target.password !== '')
    throw refusal(`${shownUrl(from)} redirects to ${originOf(target)}, and only its own origin is followed`, target);
  if (redirectsLeft === 0) throw refusal(`${shownUrl(from)} is one redirect too many`);
  return target;
};

/** `origin` is the word "null" for schemes such as `file:`. */
const originOf = ({ protocol, host }: URL): string => `${protocol}//${host}`;

const refusal = (what: string, target?: URL): EgressError =>
  new EgressError('redirect', `${what}. Nothing was sent there; use the final address if it is to be trusted.`, {
    sent: false,
    ...(target === undefined ? {} : { target }),
  });
