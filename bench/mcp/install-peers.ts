import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Installs what `bench/peers` locks, for which the first time needs a network. Throws where that fails. */
export function installPeers(): void {
  const folder = fileURLToPath(new URL('../peers', import.meta.url));
  const { status, stdout, stderr, error } = spawnSync('pnpm', ['install', '--dir', folder, '--frozen-lockfile'], {
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (status !== 0) throw new Error(`The peers cannot be installed.\n${stdout}${stderr}`, { cause: error });
}
