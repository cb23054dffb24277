const issued =
  /gh[opsru]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|(?<![A-Za-z0-9])(?:sk-[\w-]{16,}|[sr]k_(?:live|test)_\w{16,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}|npm_\w{30,}|eyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]*)/;
const word =
  '(?:api[-_]?key|access[-_]?key|auth(?!ors?(?![a-z]))|bearer|cookies?|credentials?|jwt|pass(?:word|wd|phrase)?|private[-_]?key|pwd|secret|token)';
const secretFlag = new RegExp(`^--?(?:[a-z0-9]+[-_])*(?:${word}|pat)(?:[-_][a-z0-9]+)*$`, 'i');
/** Between a name and what stands before it: also the `-e` of `-eTOKEN=…`. No slash or dot, which stand in names of images and packages. */
const boundary = String.raw`(?:(?<=^|[-_?&;#,=:("'{[\s])|(?<=^-[A-Za-z]))`;
const assigns = String.raw`["']?\s*[=:]\s*["']?(?!["']?$)`;
const secretAssignment = new RegExp(`${boundary}${word}[-_a-z0-9]*${assigns}`, 'i');
/** Names that mean many things: a secret only with a value like one. */
const keyFlag = /^--?(?:[a-z0-9]+[-_])*key$/i;
const keyAssignment = new RegExp(
  `${boundary}(?:key|sig|signature|code)${assigns}(?=[\\w.~+/=-]*\\d)(?=[\\w.~+/=-]*[a-z])[\\w~+][\\w.~+/=-]{11,}`,
  'i',
);
const random = /^(?=.*\d)(?=.*[a-z])[\w~+][\w.~+=-]{11,}$/i;
const urlWithPassword = /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]*:\/\/[^/\s@]*:[^/\s@]+@/i;
/** What is no secret: a place, a count, a switch. */
const reference = /^(?:\d{1,8}|\$\{[^}]*\}|(?:\.{0,2}|~)[/\\].*|none|true|false)$/i;

/** Whether an argument, or what follows a flag `before` it, is most likely a credential. */
export function looksLikeSecretArgument(argument: string, before: string | undefined): boolean {
  if (issued.test(argument) || urlWithPassword.test(argument) || isBehindFlag(argument, before)) return true;
  // A whole command line in one argument: `sh -c '…'`.
  const words = argument.split(/\s+/);
  if (words.some((part, index) => index > 0 && isBehindFlag(part, words[index - 1]))) return true;
  const assignments = kebab(argument);
  if (keyAssignment.test(assignments)) return true;
  const assigned = secretAssignment.exec(assignments);
  return assigned !== null && !isReference(assignments.slice(assigned.index + assigned[0].length), assigned[0]);
}

function isBehindFlag(argument: string, before: string | undefined): boolean {
  if (before === undefined || argument === '' || argument.startsWith('-')) return false;
  const flag = kebab(before);
  return (secretFlag.test(flag) && !isReference(argument, flag)) || (keyFlag.test(flag) && random.test(argument));
}

/** Passwords may be numbers; what else is called by such a word counts something then, `--max-tokens` for example. */
function isReference(value: string, name: string): boolean {
  return reference.test(value) && !(/pass|pwd/i.test(name) && /^\d+$/.test(value));
}

/** Whether a header or variable of this name most likely holds a credential. */
export function isSecretName(name: string): boolean {
  return new RegExp(word, 'i').test(name);
}

/** `accessToken` → `access-Token`: the words of a name apart. */
function kebab(text: string): string {
  return text.replaceAll(/([a-z\d])(?=[A-Z])/g, '$1-');
}
