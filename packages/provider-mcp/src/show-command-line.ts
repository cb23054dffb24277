/** Names of options and variables that carry credentials, and addresses that hold them. */
const tellsSecret =
  /token|secret|passw|credential|bearer|authorization|\bauth\b|\bpat\b|\bpwd\b|key|cookie|:\/\/\S*[@?]/i;
/** A run of letters and digits of a length that words do not have. */
const looksIssued = /(?=[\w+=~-]*\d)[\w+=~-]{16,}/;
const maxCharacters = 200;

/** The command and its arguments, for people; the command alone where any argument could be a secret, or is long or odd. */
export function showCommandLine(command: string, args: readonly string[]): string {
  const line = [command, ...args].join(' ');
  const isHarmless =
    line.length <= maxCharacters &&
    args.every((each) => !tellsSecret.test(each) && !looksIssued.test(each) && !/[`\p{Cc}]/u.test(each));
  return isHarmless ? line : command;
}
