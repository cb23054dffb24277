/** Runs `bench/<name>.bench.ts` on the built packages, as users have them: `pnpm bench <name> [arguments]`. Without a name it lists them. */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const suffix = '.bench.ts';
const folder = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith(suffix))
  .map((file) => file.slice(0, -suffix.length));
const [name, ...rest] = process.argv.slice(2);

if (name === undefined || !names.includes(name)) {
  const problem = name === undefined ? 'Which measurement?' : `There is no measurement "${name}".`;
  console.error(`${problem} pnpm bench <name>, one of: ${names.toSorted().join(', ')}`);
  process.exitCode = 2;
} else {
  const child = spawn(process.execPath, ['--expose-gc', `${folder}${name}${suffix}`, ...rest], { stdio: 'inherit' });
  child.once('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
  });
}
