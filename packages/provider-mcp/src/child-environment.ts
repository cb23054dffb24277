/** `name` of the child's variable, and the variable of ours that holds its value. */
export interface EnvironmentEntry {
  readonly name: string;
  readonly envVar: string;
}

/** Variables that make a runtime or the loader run code of somebody's choice before the program itself. */
const loaderVariables: readonly string[] = [
  'BASH_ENV',
  'CLASSPATH',
  'ENV',
  'GCONV_PATH',
  'IFS',
  'JAVA_TOOL_OPTIONS',
  'JDK_JAVA_OPTIONS',
  'NODE_OPTIONS',
  'NODE_PATH',
  'PERL5LIB',
  'PERL5OPT',
  'PERLLIB',
  'PROMPT_COMMAND',
  'PYTHONHOME',
  'PYTHONPATH',
  'PYTHONSTARTUP',
  'RUBYLIB',
  'RUBYOPT',
  'SHELLOPTS',
  '_JAVA_OPTIONS',
];
const loaderPrefixes: readonly string[] = ['LD_', 'DYLD_', 'BASH_FUNC_'];

const line = '[A-Za-z_][A-Za-z0-9_]*=[A-Z_][A-Z0-9_]*';
/** What the text of `mcp_env` looks like, as a JSON Schema says it. */
export const environmentPattern = `^[ \\t]*(?:${line}[ \\t]*)?(?:\\r?\\n[ \\t]*(?:${line}[ \\t]*)?)*$`;

/** `NAME=VARIABLE` a line; empty lines are skipped. */
export function parseEnvironment(
  value: string,
):
  | { readonly ok: true; readonly entries: readonly EnvironmentEntry[] }
  | { readonly ok: false; readonly problem: string } {
  const entries: EnvironmentEntry[] = [];
  for (const line of value.split(/\r?\n/).map((each) => each.trim())) {
    if (line === '') continue;
    const [, name, envVar] = /^([A-Za-z_][A-Za-z0-9_]*)=([A-Z_][A-Z0-9_]*)$/.exec(line) ?? [];
    // The line itself is not quoted: an author who misread the key may have put a secret there.
    if (name === undefined || envVar === undefined)
      return {
        ok: false,
        problem:
          'mcp_env has a line that is not NAME=VARIABLE: the name of a variable of the child, and that of one of ours, in capitals, whose value it gets',
      };
    if (isLoaderVariable(name))
      return { ok: false, problem: `mcp_env sets ${name}, which lets a variable run code in the child; it is refused` };
    if (entries.some((entry) => entry.name === name)) return { ok: false, problem: `mcp_env sets ${name} twice` };
    entries.push({ name, envVar });
  }
  return { ok: true, entries };
}

// Windows does not tell upper from lower case in these names.
function isLoaderVariable(name: string): boolean {
  const upper = name.toUpperCase();
  return loaderVariables.includes(upper) || loaderPrefixes.some((prefix) => upper.startsWith(prefix));
}

/** What a program needs to run at all, and what nobody keeps a secret in: the list of the official clients. */
const inheritedVariables: readonly string[] = (
  process.platform === 'win32'
    ? 'APPDATA COMSPEC HOMEDRIVE HOMEPATH LOCALAPPDATA PATH PATHEXT PROCESSOR_ARCHITECTURE PROGRAMDATA PROGRAMFILES PROGRAMFILES(X86) PROGRAMW6432 SYSTEMDRIVE SYSTEMROOT TEMP USERNAME USERPROFILE WINDIR'
    : 'HOME LOGNAME PATH SHELL TERM USER'
).split(' ');

/** The variables that every child gets, where we have them. */
export function inheritedEnvironment(environment: NodeJS.ProcessEnv): Record<string, string> {
  const inherited: Record<string, string> = {};
  for (const name of inheritedVariables) {
    const value = environment[name];
    // A function of a shell, exported as a variable: code.
    if (value !== undefined && !value.startsWith('()')) inherited[name] = value;
  }
  return inherited;
}
