import { EgressError } from './egress-error.ts';

/** Those that the connection itself sets, and those that are for one hop only (RFC 9110, section 7.6.1). */
const refusedNames: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Whether a request may not set a header of this name, in any case: it is the connection's own. */
export const isConnectionHeader = (name: string): boolean => refusedNames.has(name.toLowerCase());

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
const invalidValue = /[^\t\u0020-\u007e\u0080-\u00ff]/;
const maxKnownNames = 1_000;

/** Checks headers before undici sees them, whose errors may quote a value. Names are checked once and remembered. */
export class RequestHeaders {
  readonly #knownNames = new Set<string>();
  readonly #checked = new WeakMap<Readonly<Record<string, string>>, string[]>();

  /**
   * Names and values by turns, as undici takes them. A frozen object is checked once.
   * @throws {EgressError} `invalid`; the message names the header and never holds its value.
   */
  check(headers: Readonly<Record<string, string>>): string[] {
    const isFrozen = Object.isFrozen(headers);
    const known = isFrozen ? this.#checked.get(headers) : undefined;
    if (known !== undefined) return known;
    const pairs: string[] = [];
    for (const name of Object.keys(headers)) {
      if (!this.#knownNames.has(name)) this.#checkName(name);
      const value: unknown = headers[name];
      if (typeof value !== 'string' || invalidValue.test(value))
        throw new EgressError(
          'invalid',
          `The value of the header ${name} is not allowed. It must be text without line breaks, control characters and characters beyond Latin-1.`,
          { sent: false },
        );
      pairs.push(name, value);
    }
    if (isFrozen) this.#checked.set(headers, pairs);
    return pairs;
  }

  #checkName(name: string): void {
    if (!token.test(name))
      throw new EgressError('invalid', 'The name of a header is not allowed. See RFC 9110, section 5.1, for what is.', {
        sent: false,
        code: 'MANIFEST_INVALID',
      });
    if (isConnectionHeader(name))
      throw new EgressError('invalid', `The header ${name} belongs to the connection. Leave it out.`, {
        sent: false,
        code: 'MANIFEST_INVALID',
      });
    if (this.#knownNames.size >= maxKnownNames) this.#knownNames.clear();
    this.#knownNames.add(name);
  }
}

/** @throws {EgressError} `invalid` for what is no method, and for CONNECT and TRACE. */
export const checkMethod = (method: string): string => {
  if (method === 'GET' || method === 'POST') return method;
  const upper = method.toUpperCase();
  if (!token.test(upper) || upper === 'CONNECT' || upper === 'TRACE')
    throw new EgressError(
      'invalid',
      'The HTTP method is not allowed. Use GET, POST, PUT, PATCH, DELETE, HEAD or the like.',
      {
        sent: false,
        code: 'MANIFEST_INVALID',
      },
    );
  return upper;
};
