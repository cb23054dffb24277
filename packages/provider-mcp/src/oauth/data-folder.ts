import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** Where the user's own data of this program lies: `CAPSTAN_DATA_DIR`, else what the platform has for it. Not created here. */
export function dataFolder(environment: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  const own = environment['CAPSTAN_DATA_DIR'];
  if (own !== undefined && own !== '') return own;
  if (platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'capstan');
  if (platform === 'win32') return join(environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'capstan');
  const base = environment['XDG_DATA_HOME'];
  // A relative path there is to be ignored (XDG Base Directory Specification).
  return join(base !== undefined && isAbsolute(base) ? base : join(homedir(), '.local', 'share'), 'capstan');
}
