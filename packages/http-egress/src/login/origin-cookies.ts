import type { CookieJar } from 'tough-cookie';
import { isLoopbackHost } from '../address-guard.ts';

/** As browsers hold for one domain. */
const maxCookies = 180;
const maxCookieLength = 8_192;
const printable = /^[\t\u0020-\u007e]*$/;

/** Opens an empty jar. Loads the cookie library. */
export const openOriginCookies = async (url: URL): Promise<OriginCookies> => {
  const { CookieJar } = await import('tough-cookie');
  return new OriginCookies(
    url.origin,
    new CookieJar(undefined, { rejectPublicSuffixes: true, allowSecureOnLocal: isLoopbackHost(url) }),
  );
};

/** The cookies of one login (RFC 6265), in memory and for one origin: cookies alone would not tell one port from another. */
export class OriginCookies {
  readonly #origin: string;
  readonly #jar: CookieJar;
  readonly #known = new Set<string>();

  constructor(origin: string, jar: CookieJar) {
    this.#origin = origin;
    this.#jar = jar;
  }

  /** Keeps what `Set-Cookie` headers of an answer from `url` say. What is not allowed is dropped without a word, as browsers do. */
  take(url: URL, setCookie: string | readonly string[] | undefined): void {
    if (url.origin !== this.#origin) return;
    for (const text of [setCookie ?? []].flat()) {
      if (text.length > maxCookieLength || !printable.test(text) || !this.#hasRoomFor(text)) continue;
      this.#jar.setCookieSync(text, url, { ignoreError: true });
    }
  }

  /** The `Cookie` header for a request, undefined where there is none to send. */
  header(url: URL): string | undefined {
    if (url.origin !== this.#origin) return undefined;
    const header = this.#jar.getCookieStringSync(url);
    return header === '' ? undefined : header;
  }

  /** The value of a cookie that a request to `url` would carry. */
  value(url: URL, name: string): string | undefined {
    if (url.origin !== this.#origin) return undefined;
    return this.#jar.getCookiesSync(url).find((cookie) => cookie.key === name)?.value;
  }

  isEmpty(): boolean {
    return this.#jar.getCookiesSync(this.#origin, { allPaths: true }).length === 0;
  }

  clear(): void {
    this.#known.clear();
    this.#jar.removeAllCookiesSync();
  }

  #hasRoomFor(text: string): boolean {
    const name = text.slice(0, text.search(/[=;]|$/)).trim();
    const path = /;\s*path\s*=([^;]*)/i.exec(text)?.[1]?.trim() ?? '';
    const domain = /;\s*domain\s*=([^;]*)/i.exec(text)?.[1]?.trim() ?? '';
    const key = `${name};${path};${domain}`;
    if (!this.#known.has(key) && this.#known.size >= maxCookies) this.#forgetEnded();
    if (!this.#known.has(key) && this.#known.size >= maxCookies) return false;
    this.#known.add(key);
    return true;
  }

  /** Those that ended or were never taken hold no room. */
  #forgetEnded(): void {
    const names = new Set(this.#jar.getCookiesSync(this.#origin, { allPaths: true }).map(({ key }) => key));
    for (const key of this.#known) if (!names.has(key.slice(0, key.indexOf(';')))) this.#known.delete(key);
  }
}
