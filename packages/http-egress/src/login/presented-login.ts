import type { EgressStream } from '../egress.ts';
import { EgressError } from '../egress-error.ts';
import { matchesStatus } from '../status-pattern.ts';
import { isSafeMethod, type LoginCredentials } from './login-credentials.ts';
import type { LoginDefinition } from './login-definition.ts';

/** `session`: the upstream knows the login no more. `csrf`: it refused the CSRF token. */
export type LoginExpiry = 'session' | 'csrf';

type AnswerHead = Pick<EgressStream, 'status' | 'headers' | 'url'>;

/** What one request shows of a login, and what its answer says about it. */
export class PresentedLogin {
  /** Secrets. To be added to the headers of the request. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: LoginCredentials;
  readonly #definition: LoginDefinition;
  readonly #url: URL;
  readonly #method: string;
  #expiry: LoginExpiry | undefined;

  constructor(definition: LoginDefinition, credentials: LoginCredentials, url: URL, method: string) {
    this.#definition = definition;
    this.#url = url;
    this.#method = method;
    this.credentials = credentials;
    this.headers = Object.freeze(credentials.headers(url, method));
  }

  /** What the last answer or failure said. */
  get expiry(): LoginExpiry | undefined {
    return this.#expiry;
  }

  /** Keeps the cookies of the answer, and tells whether it is a sign of expiry. `expectsJson`: then an HTML page is one, but for that of an error. */
  answered(
    answer: AnswerHead,
    { expectsJson = false }: { readonly expectsJson?: boolean } = {},
  ): LoginExpiry | undefined {
    this.credentials.takeCookies(answer);
    this.#expiry = this.#read(answer, expectsJson);
    return this.#expiry;
  }

  /** Tells whether the failure of the request is a sign of expiry: a refused redirect to where people log in. */
  failed(error: unknown): LoginExpiry | undefined {
    const location = this.#definition.expired?.location;
    const isSign = error instanceof EgressError && error.target !== undefined && hasMatch(error.target, location);
    this.#expiry = isSign ? 'session' : undefined;
    return this.#expiry;
  }

  #read(answer: AnswerHead, expectsJson: boolean): LoginExpiry | undefined {
    const { expired, csrf } = this.#definition;
    const { status } = answer;
    if (matchesStatus(status, expired?.status ?? ['401'])) return 'session';
    if (leadsTo(answer, this.#url, expired?.location)) return 'session';
    if (status === 403 && csrf !== undefined && !isSafeMethod(this.#method)) return 'csrf';
    return expectsJson && status < 400 && isHtml(answer) ? 'session' : undefined;
  }
}

const hasMatch = (text: string, pattern: RegExp | undefined): boolean =>
  // Unlike `test`, it leaves no state in the pattern.
  pattern !== undefined && text.search(pattern) !== -1;

/** Whether an answer redirects, or came by a redirect, to where `pattern` says. */
export const leadsTo = ({ status, headers, url }: AnswerHead, asked: URL, pattern: RegExp | undefined): boolean => {
  if (url.href !== asked.href && hasMatch(url.href, pattern)) return true;
  const { location } = headers;
  if (status < 300 || status >= 400 || typeof location !== 'string') return false;
  return hasMatch(URL.parse(location, url.href)?.href ?? location, pattern);
};

const isHtml = ({ headers }: AnswerHead): boolean => {
  const type = headers['content-type'];
  return typeof type === 'string' && /^\s*(?:text\/html|application\/xhtml\+xml)\b/i.test(type);
};
