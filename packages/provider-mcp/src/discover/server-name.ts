/** Folders and files that say nothing about what is in them. */
const meaningless = new Set([
  'bin',
  'build',
  'cli',
  'dist',
  'index',
  'lib',
  'main',
  'server',
  'src',
  'start',
  'run',
  '',
]);
const hostWords = new Set(['api', 'app', 'mcp', 'www', 'sse', 'remote', 'server']);

/** A name as a segment of ids: `Ünïcode server!` → `n_code_server`. Empty where nothing is left. */
export function idSegment(text: string): string {
  return text
    .replaceAll(/[^A-Za-z0-9_]+/g, '_')
    .replaceAll(/_{2,}/g, '_')
    .replaceAll(/^_+|_+$/g, '');
}

/** Of `https://mcp.example.com/mcp`, `example`. Undefined for addresses that are numbers or this machine. */
export function nameOfUrl(url: URL): string | undefined {
  const labels = url.hostname.toLowerCase().split('.');
  if (labels.length < 2 || /^[\d.]+$/.test(url.hostname) || url.hostname.startsWith('[')) return undefined;
  const known = labels.slice(0, -1).filter((label) => !hostWords.has(label));
  return nonEmpty(idSegment(known.at(-1) ?? labels.at(-2) ?? ''));
}

/** Of `npx -y @scope/server-memory@1.2`, `memory`; of `node node_modules/@scope/mcp-git/dist/index.js`, `git`. */
export function nameOfCommand(command: string, args: readonly string[]): string | undefined {
  const runner = stem(lastPart(command));
  const isRunner = /^(?:npx|pnpx|bunx|uvx|pipx|npm|pnpm|yarn|bun|deno|node|tsx|python[\d.]*|uv|docker|podman)$/.test(
    runner,
  );
  if (!isRunner) return nameOfPackage(runner);
  // What stands between options of `docker run` is their values, not the image.
  if (/^(?:docker|podman)$/.test(runner)) return undefined;
  const subcommands = new Set(['exec', 'dlx', 'x', 'run', 'tool']);
  const word = args.find((arg) => !arg.startsWith('-') && !subcommands.has(arg));
  if (word === undefined) return undefined;
  const installed = /.*node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(word)?.[1];
  return nameOfPackage(installed ?? pathName(word));
}

/** The last part of a path that says something. */
function pathName(path: string): string {
  if (/^@[^/\\]+\/[^/\\]+$/.test(path)) return path;
  const parts = path.split(/[/\\]/).filter((part) => part !== '' && !/^\.+$/.test(part));
  return parts.toReversed().find((part) => !meaningless.has(stem(part))) ?? '';
}

function nameOfPackage(name: string): string | undefined {
  const bare = stem(lastPart(name.replace(/(?<=.)@[^/]*$/, '')));
  const words = bare.split(/[-_.]/).filter((word) => word !== '' && word !== 'mcp' && word !== 'server');
  return nonEmpty(idSegment(words.join('_')).toLowerCase());
}

function lastPart(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? '';
}

function stem(file: string): string {
  return file.replace(/\.(?:[cm]?[jt]s|exe|cmd|py|sh)$/i, '');
}

function nonEmpty(text: string): string | undefined {
  return text === '' ? undefined : text;
}
