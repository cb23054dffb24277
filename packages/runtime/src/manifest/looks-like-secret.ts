const shortestSecret = 12;

/** Shapes of credentials that are handed out by others, so that one written into a manifest is noticed. */
const unmistakable = [
  'gh[opsru]_[A-Za-z0-9]{20,}', // GitHub
  'github_pat_[A-Za-z0-9_]{20,}',
  'glpat-[A-Za-z0-9_-]{16,}', // GitLab
  'xox[abeoprs]-[A-Za-z0-9-]{10,}', // Slack
  'xapp-[A-Za-z0-9-]{10,}',
  'sk-(?:ant|proj)-[A-Za-z0-9_-]{16,}', // Anthropic, OpenAI
];
/** Shapes that could end another word, such as `task-…`. */
const alone = [
  'sk-[A-Za-z0-9_-]{16,}', // OpenAI
  '[sr]k_(?:live|test)_[A-Za-z0-9]{16,}', // Stripe
  '(?:AKIA|ASIA)[A-Z0-9]{16}', // AWS
  'AIza[A-Za-z0-9_-]{30,}', // Google
  'npm_[A-Za-z0-9]{30,}',
  String.raw`eyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*`, // JSON Web Token
];
const issuedToken = new RegExp(`${unmistakable.join('|')}|(?<![A-Za-z0-9])(?:${alone.join('|')})`);
const privateKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
const bearerInText = /\bbearer\s+(?=[^\s\d]*\d)[\w.~+/=-]{16,}/i;
const bearerLine = /^\s*(?:[\w-]+\s*[:=]\s*)?bearer\s+[^\s${<]/im;

/** Whether a text holds something of the shape of a token or of a private key. */
export function looksLikeSecret(text: string): boolean {
  return text.length >= shortestSecret && (issuedToken.test(text) || privateKey.test(text) || bearerInText.test(text));
}

/** Whether a line of a text is a header, or a header's value, with a bearer token of any shape. */
export function holdsBearerHeader(text: string): boolean {
  return bearerLine.test(text);
}

/** The text with everything of the shape of a token cut out. */
export function withoutSecrets(text: string): string {
  return looksLikeSecret(text)
    ? text.replaceAll(new RegExp(issuedToken, 'g'), '[secret]').replaceAll(new RegExp(bearerInText, 'gi'), '[secret]')
    : text;
}
