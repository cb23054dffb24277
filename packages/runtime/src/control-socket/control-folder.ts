import { CapstanError } from '@capstan/provider';
import { type Stats, unlinkSync } from 'node:fs';
import { chmod, lstat, mkdir, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { processOf } from './control-name.ts';
import type { ControlPlace } from './control-place.ts';

const ending = '.sock';
/** What fits into a `sockaddr_un`, the closing zero left out. */
const longestAddressBytes = process.platform === 'linux' ? 107 : 103;

/** Unix domain sockets, mode 0600, in a folder of mode 0700 that belongs to the user. */
export function controlFolder(directory = defaultDirectory()): ControlPlace {
  const addressOf = (name: string): string => join(directory, name + ending);
  return {
    path: directory,
    addressOf,
    prepare: async () => {
      checkLength(directory, addressOf('4294967295-99'));
      await mkdir(directory, { mode: 0o700 }).catch((cause: NodeJS.ErrnoException) => {
        if (cause.code === 'EEXIST') return;
        const message = `The folder ${directory} for control sockets cannot be made (${cause.code}).`;
        throw new CapstanError('FORBIDDEN', message, { details: { controlSocket: directory }, cause });
      });
      await check(directory);
    },
    names: async () => {
      if (!(await check(directory))) return [];
      return (await readdir(directory))
        .filter((file) => file.endsWith(ending))
        .map((file) => file.slice(0, -ending.length))
        .filter((name) => processOf(name) !== undefined);
    },
    restrict: (name) => chmod(addressOf(name), 0o600),
    remove: (name) => {
      try {
        unlinkSync(addressOf(name));
      } catch {
        // Gone already, or something that nobody can listen on: opening the socket says so.
      }
    },
  };
}

function defaultDirectory(): string {
  const runtimeDirectory = process.env['XDG_RUNTIME_DIR'] ?? '';
  // The XDG Base Directory Specification has relative paths ignored.
  return isAbsolute(runtimeDirectory)
    ? join(runtimeDirectory, 'capstan')
    : join(tmpdir(), `capstan-${process.getuid?.() ?? 'user'}`);
}

/** False where there is none. Throws `FORBIDDEN` unless it is a folder of this user that nobody else can look into. */
async function check(directory: string): Promise<boolean> {
  let stats: Stats;
  try {
    stats = await lstat(directory);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw refused(directory, 'unreadable', 'cannot be looked at', cause);
  }
  if (stats.isSymbolicLink()) throw refused(directory, 'symlink', 'is a symbolic link');
  if (!stats.isDirectory()) throw refused(directory, 'kind', 'is no folder');
  if (stats.uid !== process.getuid?.()) throw refused(directory, 'owner', 'belongs to another user');
  if ((stats.mode & 0o077) !== 0) {
    throw refused(directory, 'mode', `is open to others: \`chmod 700 ${directory}\` closes it`);
  }
  return true;
}

function refused(directory: string, problem: string, what: string, cause?: unknown): CapstanError {
  return new CapstanError('FORBIDDEN', `The folder for control sockets, ${directory}, is not used: it ${what}.`, {
    details: { controlSocket: directory, problem },
    cause,
  });
}

function checkLength(directory: string, longest: string): void {
  if (Buffer.byteLength(longest) <= longestAddressBytes) return;
  throw new CapstanError(
    'INPUT_INVALID',
    `The path ${directory} is too long for control sockets: this system takes ${longestAddressBytes} bytes, the socket's name included. Choose a shorter one.`,
    { details: { controlSocket: directory } },
  );
}
