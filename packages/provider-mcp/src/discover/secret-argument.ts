const issued =
  /gh[opsru]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[abeoprs]-[\w-]{10,}|(?<![A-Za-z0-9])(?:sk-[\w-]{16,}|[sr]k_(?:live|test)_\w{16,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[\w-]{30,}|npm_\w{30,}|eyJ[\w-]{6,}\.[\w-]{6,}\.[\w-]*)/;
const word =
  '(?:api[-_]?key|access[-_]?key|auth|bearer|credentials?|pass(?:word|wd|phrase)?|private[-_]?key|secret|token)';
const secretFlag = new RegExp(`^--?(?:[a-z0-9]+[-_])*${word}(?:[-_][a-z0-9]+)*$`, 'i');
const secretAssignment = new RegExp(`(?:^|[-_?&;\\s])${word}[-_a-z0-9]*\\s*[=:]\\s*(?!$)`, 'i');
/** What is no secret: a place, a count, a switch. */
const reference = /^(?:\d{1,8}|\$\{[^}]*\}|(?:\.{0,2}|~)[/\\].*|none|true|false)$/i;

/** Whether an argument, or what follows a flag `before` it, is most likely a credential. */
export function looksLikeSecretArgument(argument: string, before: string | undefined): boolean {
  if (issued.test(argument)) return true;
  if (/^[a-z][a-z0-9+.-]*:\/\/[^/\s@]*:[^/\s@]+@/i.test(argument)) return true;
  if (before !== undefined && secretFlag.test(before) && !argument.startsWith('-') && !reference.test(argument))
    return true;
  const assigned = secretAssignment.exec(argument);
  return assigned !== null && !reference.test(argument.slice(assigned.index + assigned[0].length));
}

/** Whether a header or variable of this name most likely holds a credential. */
export function isSecretName(name: string): boolean {
  return new RegExp(word, 'i').test(name) || /^cookie$/i.test(name);
}
