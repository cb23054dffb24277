export interface UrlProblem {
  readonly message: string;
  readonly remedy: string;
  readonly holdsCredentials?: boolean;
  /** Whether the URL should not be shown. */
  readonly hide: boolean;
}

/** What is wrong with the value of a `*_url` key, and how to mend it; undefined where nothing is. */
export function urlProblem(
  text: string,
  options: { readonly allowInsecureKey: string; readonly allowInsecure: boolean },
): UrlProblem | undefined {
  // A query can hold a key, and what stands before an @ a password.
  const hide = /[@?]/.test(text);
  if (!URL.canParse(text)) {
    return { message: 'is not an absolute URL', remedy: 'Write it in full, such as https://example.com/path.', hide };
  }
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    return {
      message: 'holds a user name or password',
      remedy:
        'Take it out of the URL, put the secret into an environment variable and name that in an `*_env_var` key.',
      holdsCredentials: true,
      hide: true,
    };
  }
  if (url.protocol === 'https:' || url.protocol === 'wss:') return undefined;
  if (url.protocol !== 'http:' && url.protocol !== 'ws:')
    return { message: 'is not an https URL', remedy: 'Use https.', hide };
  if (options.allowInsecure || isLoopback(url.hostname)) return undefined;
  return {
    message: 'is not encrypted and leads beyond this machine',
    remedy: `Use https, or add "${options.allowInsecureKey}: true" if the network between is trusted.`,
    hide,
  };
}

/** Of a host as `URL` writes it: octal, hexadecimal and short forms of addresses are already resolved there. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
